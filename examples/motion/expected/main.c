/*
 * A minimal firmware for motion.
 * Yours to change: nanoc does not look at it again.
 */
#include "motion.h"

/* All memory of the model but the stack: 464 bytes. */
static motion_t model;

/* Where input "window" comes from: a sensor, in a product. Here: real zero. */
static void read_window(int8_t *to) {
  for (uint32_t i = 0; i < MOTION_INPUT_WINDOW_SIZE; i++) {
    to[i] = MOTION_INPUT_WINDOW_ZERO_POINT;
  }
}

/* What becomes of output "probability": the index of its largest element. Volatile: a debugger
 * sees it. */
static volatile uint32_t largest_probability;

static void use_probability(const int8_t *from) {
  uint32_t largest = 0;
  for (uint32_t i = 1; i < MOTION_OUTPUT_PROBABILITY_SIZE; i++) {
    largest = from[i] > from[largest] ? i : largest;
  }
  largest_probability = largest;
}

int main(void) {
  if (motion_init(&model) != MOTION_OK) {
    return 1;
  }
  /* Takes as long as an inference; finds damaged memory and wrong builds. */
  if (motion_selftest(&model) != MOTION_OK) {
    return 1;
  }
  for (;;) {
    read_window(motion_input_window(&model));
    if (motion_invoke(&model) != MOTION_OK) {
      return 1;
    }
    use_probability(motion_output_probability(&model));
  }
}
