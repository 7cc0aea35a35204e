/*
 * A minimal firmware for window.
 * Yours to change: nanoc does not look at it again.
 */
#include "window.h"

/* All memory of the model but the stack: 24 bytes. */
static window_t model;

/* Where input "x" comes from: a sensor, in a product. Here: real zero. */
static void read_x(int8_t *to) {
  for (uint32_t i = 0; i < WINDOW_INPUT_X_SIZE; i++) {
    to[i] = WINDOW_INPUT_X_ZERO_POINT;
  }
}

/* What becomes of output "y": the index of its largest element. Volatile: a debugger sees it. */
static volatile uint32_t largest_y;

static void use_y(const int8_t *from) {
  uint32_t largest = 0;
  for (uint32_t i = 1; i < WINDOW_OUTPUT_Y_SIZE; i++) {
    largest = from[i] > from[largest] ? i : largest;
  }
  largest_y = largest;
}

int main(void) {
  if (window_init(&model) != WINDOW_OK) {
    return 1;
  }
  /* Takes as long as an inference; finds damaged memory and wrong builds. */
  if (window_selftest(&model) != WINDOW_OK) {
    return 1;
  }
  for (;;) {
    read_x(window_input_x(&model));
    if (window_invoke(&model) != WINDOW_OK) {
      return 1;
    }
    use_y(window_output_y(&model));
  }
}
