/* The hello world: draws one period of the sine that the network has learnt, as text. A product would dim an LED with it. */
#include "board.h"
#include "sine.h"

/* All memory of the model but the stack. */
static sine_t model;

/* Rows of the drawing and columns to each side of its axis. */
#define ROWS 33
#define HALF_WIDTH 30

/* sin of the angle `step` of 255 in one period, in columns from -HALF_WIDTH to HALF_WIDTH. */
static int32_t column_of(int32_t step) {
  *sine_input_angle(&model) = (int8_t)(step + SINE_INPUT_ANGLE_ZERO_POINT);
  if (sine_invoke(&model) != SINE_OK) {
    board_exit(1);
  }
  const int32_t steps = (int32_t)*sine_output_sine(&model) - SINE_OUTPUT_SINE_ZERO_POINT;
  const float column = (float)steps * SINE_OUTPUT_SINE_SCALE * (float)HALF_WIDTH;
  return (int32_t)(column < 0.0f ? column - 0.5f : column + 0.5f);
}

static void print_row(int32_t column) {
  for (int32_t at = -HALF_WIDTH - 2; at <= HALF_WIDTH + 2; at++) {
    if (at == column) {
      board_put('*');
    } else if (at == 0) {
      board_put('|');
    } else if (at < column || at < 0) {
      board_put(' ');
    } else {
      break; /* nothing to the right */
    }
  }
  board_put('\n');
}

int main(void) {
  board_init();
  if (sine_init(&model) != SINE_OK || sine_selftest(&model) != SINE_OK) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (int32_t row = 0; row < ROWS; row++) {
    print_row(column_of(row * 255 / (ROWS - 1)));
  }
  board_exit(0);
  return 0;
}
