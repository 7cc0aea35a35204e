/*
 * A minimal firmware for branch.
 * Yours to change: nanoc does not look at it again.
 */
#include "branch.h"

/* All memory of the model but the stack: 368 bytes. */
static branch_t model;

/* Where input "x" comes from: a sensor, in a product. Here: real zero. */
static void read_x(int8_t *to) {
  for (uint32_t i = 0; i < BRANCH_INPUT_X_SIZE; i++) {
    to[i] = BRANCH_INPUT_X_ZERO_POINT;
  }
}

/* What becomes of output "y": the index of its largest element. Volatile: a debugger sees it. */
static volatile uint32_t largest_y;

static void use_y(const int8_t *from) {
  uint32_t largest = 0;
  for (uint32_t i = 1; i < BRANCH_OUTPUT_Y_SIZE; i++) {
    largest = from[i] > from[largest] ? i : largest;
  }
  largest_y = largest;
}

int main(void) {
  if (branch_init(&model) != BRANCH_OK) {
    return 1;
  }
  /* Takes as long as an inference; finds damaged memory and wrong builds. */
  if (branch_selftest(&model) != BRANCH_OK) {
    return 1;
  }
  for (;;) {
    read_x(branch_input_x(&model));
    if (branch_invoke(&model) != BRANCH_OK) {
      return 1;
    }
    use_y(branch_output_y(&model));
  }
}
