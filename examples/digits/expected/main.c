/*
 * A minimal firmware for digits.
 * Yours to change: nanoc does not look at it again.
 */
#include "digits.h"

/* All memory of the model but the stack: 1592 bytes. */
static digits_t model;

/* Where input "image" comes from: a sensor, in a product. Here: real zero. */
static void read_image(int8_t *to) {
  for (uint32_t i = 0; i < DIGITS_INPUT_IMAGE_SIZE; i++) {
    to[i] = DIGITS_INPUT_IMAGE_ZERO_POINT;
  }
}

/* What becomes of output "probability": the index of its largest element. Volatile: a debugger
 * sees it. */
static volatile uint32_t largest_probability;

static void use_probability(const int8_t *from) {
  uint32_t largest = 0;
  for (uint32_t i = 1; i < DIGITS_OUTPUT_PROBABILITY_SIZE; i++) {
    largest = from[i] > from[largest] ? i : largest;
  }
  largest_probability = largest;
}

/* What becomes of output "digit". Volatile: a debugger sees it. */
static volatile int64_t latest_digit;

static void use_digit(const int64_t *from) { latest_digit = from[0]; }

int main(void) {
  if (digits_init(&model) != DIGITS_OK) {
    return 1;
  }
  /* Takes as long as an inference; finds damaged memory and wrong builds. */
  if (digits_selftest(&model) != DIGITS_OK) {
    return 1;
  }
  for (;;) {
    read_image(digits_input_image(&model));
    if (digits_invoke(&model) != DIGITS_OK) {
      return 1;
    }
    use_probability(digits_output_probability(&model));
    use_digit(digits_output_digit(&model));
  }
}
