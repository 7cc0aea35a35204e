/* The camera of the firmware: frames of 160x120 pixels, RGB565 with the high byte first, of the pictures in photos/. */
    .section .rodata
    .global frame_astronaut
frame_astronaut:
    .incbin "frames/astronaut.rgb565be"
    .global frame_coffee
frame_coffee:
    .incbin "frames/coffee.rgb565be"
