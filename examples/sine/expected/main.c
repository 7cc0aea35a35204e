/*
 * A minimal firmware for sine.
 * Yours to change: nanoc does not look at it again.
 */
#include "sine.h"

/* All memory of the model but the stack: 40 bytes. */
static sine_t model;

/* Where input "angle" comes from: a sensor, in a product. Here: real zero. */
static void read_angle(int8_t *to) {
  for (uint32_t i = 0; i < SINE_INPUT_ANGLE_SIZE; i++) {
    to[i] = SINE_INPUT_ANGLE_ZERO_POINT;
  }
}

/* What becomes of output "sine". Volatile: a debugger sees it. */
static volatile int8_t latest_sine;

static void use_sine(const int8_t *from) { latest_sine = from[0]; }

int main(void) {
  if (sine_init(&model) != SINE_OK) {
    return 1;
  }
  /* Takes as long as an inference; finds damaged memory and wrong builds. */
  if (sine_selftest(&model) != SINE_OK) {
    return 1;
  }
  for (;;) {
    read_angle(sine_input_angle(&model));
    if (sine_invoke(&model) != SINE_OK) {
      return 1;
    }
    use_sine(sine_output_sine(&model));
  }
}
