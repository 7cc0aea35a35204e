/* The microphone of the firmware: windows of features, from the test set of examples/wake-word. */
    .section .rodata
    .global recording
recording:
    .incbin "recording.bin"
