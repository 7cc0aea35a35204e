/* Text and numbers by board_put(): the part that is the same on every board. */
#include "board.h"

void board_print(const char *text) {
  for (; *text != '\0'; text++) {
    board_put(*text);
  }
}

void board_print_number(uint32_t number, uint32_t width) {
  char digits[10];
  uint32_t count = 0;
  do {
    digits[count] = (char)('0' + (char)(number % 10u));
    number /= 10u;
    count++;
  } while (number != 0u);
  for (uint32_t i = count; i < width; i++) {
    board_put(' ');
  }
  while (count > 0u) {
    count--;
    board_put(digits[count]);
  }
}
