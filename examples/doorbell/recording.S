/* The microphone of the firmware: a WAV file with samples of 16 bits. */
    .section .rodata
    .balign 4
    .global recording
recording:
    .incbin "recording.wav"
    .global recording_end
recording_end:
