/*
 * Tells what the wearer of a smartwatch does. Ten times a second the sensor gives three axes of acceleration and three of
 * rotation; a ring keeps the latest 40 samples, and every 20 samples (2 s) the network looks at them.
 */
#include "board.h"
#include "motion.h"
#include "recording.h"

#define WINDOW MOTION_INPUT_WINDOW_DIM_1
#define AXES MOTION_INPUT_WINDOW_DIM_2
#define STRIDE 20u
#define SAMPLES_PER_SECOND 10u
#define ACTIVITY_COUNT MOTION_OUTPUT_PROBABILITY_SIZE

/* All memory of the model but the stack. */
static motion_t model;

/* The latest samples, in the model's int8. `oldest` is the place of the next sample. */
typedef struct {
  int8_t samples[WINDOW][AXES];
  uint32_t oldest;
} ring_buffer;

static ring_buffer ring;

/* The sensor's FIFO: a recording here. Counts of 1/256 unit. */
static const int16_t *sensor_read(uint32_t number) { return recording[number]; }

/* Rounded counts / divisor, saturated. The offset makes the division round down for negative counts too. */
static int8_t to_int8(int16_t count, int32_t divisor) {
  const int32_t value = ((int32_t)count + 32768 + divisor / 2) / divisor - 32768 / divisor;
  return (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
}

static void ring_put(const int16_t *counts) {
  for (uint32_t axis = 0; axis < AXES; axis++) {
    const int32_t divisor = axis < 3u ? 64 : 32; /* acceleration, rotation */
    ring.samples[ring.oldest][axis] = to_int8(counts[axis], divisor);
  }
  ring.oldest = (ring.oldest + 1u) % WINDOW;
}

/* The ring from the oldest sample to the newest, straight into the arena. */
static void fill_input(void) {
  int8_t *input = motion_input_window(&model);
  for (uint32_t i = 0; i < WINDOW; i++) {
    for (uint32_t axis = 0; axis < AXES; axis++) {
      input[i * AXES + axis] = ring.samples[(ring.oldest + i) % WINDOW][axis];
    }
  }
}

static void print_answer(uint32_t sample_count) {
  const int8_t *probability = motion_output_probability(&model);
  uint32_t best = 0;
  for (uint32_t i = 1; i < ACTIVITY_COUNT; i++) {
    best = probability[i] > probability[best] ? i : best;
  }
  const int32_t steps = probability[best] - MOTION_OUTPUT_PROBABILITY_ZERO_POINT;
  board_print_number(sample_count / SAMPLES_PER_SECOND, 3);
  board_print(" s: ");
  board_print(activities[best]);
  board_print(" (");
  board_print_number(((uint32_t)steps * 100u + 128u) / 256u, 1); /* in steps of 1/256 */
  board_print(" %)\n");
}

int main(void) {
  board_init();
  if (motion_init(&model) != MOTION_OK || motion_selftest(&model) != MOTION_OK) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (uint32_t count = 1; count <= RECORDING_LENGTH; count++) {
    ring_put(sensor_read(count - 1u));
    if (count >= WINDOW && count % STRIDE == 0u) {
      fill_input();
      if (motion_invoke(&model) != MOTION_OK) {
        board_exit(1);
      }
      print_answer(count);
    }
  }
  board_exit(0);
  return 0;
}
