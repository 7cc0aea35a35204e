/*
 * A doorbell that wakes: a small network hears the wake word, and only then another one looks at the camera. Both use one arena, for
 * they never run at the same moment.
 */
#include <string.h>

#include "board.h"
#include "doorbell.h"
#include "vision_image.h"

#define WINDOWS 6u
#define AWAKE 64 /* (q + 128) / 256: 75 % */
#define FACE 1u

/* All memory of both models but the stack, and of the image front end. */
static doorbell_t models;
static vision_image_t image;

/* The microphone: features of 0.94 s each. They do not lie in the arena: the other network would write over them. */
extern const int8_t recording[WINDOWS][WAKE_WORD_INPUT_FEATURES_SIZE];
/* The camera: who is there each time. */
extern const uint8_t frame_astronaut[];
extern const uint8_t frame_coffee[];

static int hears_wake_word(uint32_t window) {
  memcpy(wake_word_input_features(&models.wake_word), recording[window], WAKE_WORD_INPUT_FEATURES_SIZE);
  if (wake_word_invoke(&models.wake_word) != WAKE_WORD_OK) {
    board_exit(1);
  }
  return *wake_word_output_probability(&models.wake_word) >= AWAKE;
}

/* From here on the arena is the other network's. */
static int sees_face(const uint8_t *frame) {
  vision_image_frame(&image, frame, vision_input_image(&models.vision));
  if (vision_invoke(&models.vision) != VISION_OK) {
    board_exit(1);
  }
  const int8_t *probability = vision_output_probability(&models.vision);
  return probability[FACE] > probability[0];
}

int main(void) {
  uint32_t woken = 0;
  board_init();
  if (doorbell_init(&models) != DOORBELL_OK || doorbell_selftest(&models) != DOORBELL_OK) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (uint32_t window = 0; window < WINDOWS; window++) {
    board_print("window ");
    board_print_number(window, 1);
    if (!hears_wake_word(window)) {
      board_print(": nothing said\n");
      continue;
    }
    board_print(": wake word; the camera sees ");
    board_print(sees_face(woken % 2u == 0u ? frame_astronaut : frame_coffee) ? "a face\n" : "no face\n");
    woken++;
  }
  board_print("one arena of ");
  board_print_number(DOORBELL_ARENA_SIZE, 1);
  board_print(" bytes; apart they take ");
  board_print_number(WAKE_WORD_ARENA_SIZE + VISION_ARENA_SIZE, 1);
  board_print("\n");
  board_exit(0);
  return 0;
}
