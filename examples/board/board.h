/* What the firmwares of the examples ask of a board: a serial line, and an end. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

/** Makes the serial line ready. To be called first. */
void board_init(void);

/** Sends one character; waits while the line is busy. */
void board_put(char character);

/** Waits for a character, and takes it. */
char board_get(void);

/** Ends the program, with 0 for success. A product would reset here, or never come here. */
void board_exit(uint32_t code);

/** Sends a zero-terminated text. */
void board_print(const char *text);

/** Sends a number in decimal, right-aligned in `width` characters (at most 10). */
void board_print_number(uint32_t number, uint32_t width);

#endif
