/*
 * Looks for a face in the frames of a camera: each row goes through the image front end as it comes, then the network is run. For
 * each frame it prints what the network sees, in 24x24 pixels, and the answer.
 */
#include "board.h"
#include "vision.h"
#include "vision_image.h"

#define FRAMES 2u
#define COLUMNS 24u
#define FACE 1u

/* All memory of the model but the stack, and of the front end. */
static vision_t model;
static vision_image_t image;
/* Into this a camera writes by DMA; no frame is kept. */
static uint8_t row[VISION_IMAGE_ROW_BYTES];

extern const uint8_t frame_astronaut[];
extern const uint8_t frame_coffee[];

static const uint8_t *const frames[FRAMES] = {frame_astronaut, frame_coffee};
static const char *const names[FRAMES] = {"astronaut", "coffee"};

/* The camera: row y of a frame. A product waits here for the end of a DMA transfer. */
static const uint8_t *camera_row(uint32_t frame, uint32_t y) {
  for (uint32_t i = 0; i < VISION_IMAGE_ROW_BYTES; i++) {
    row[i] = frames[frame][y * VISION_IMAGE_ROW_BYTES + i];
  }
  return row;
}

static void read_frame(uint32_t frame) {
  uint32_t y = VISION_IMAGE_FIRST_ROW;
  vision_image_begin(&image, vision_input_image(&model));
  while (vision_image_row(&image, camera_row(frame, y)) != 0u) {
    y++;
  }
}

static void print_input(void) {
  static const char shades[] = " .:-=+*#%@";
  const int8_t *input = vision_input_image(&model);
  for (uint32_t y = 0; y < COLUMNS; y += 2u) { /* every other one, because characters are taller than wide */
    board_print("  ");
    for (uint32_t x = 0; x < COLUMNS; x++) {
      const uint32_t level = (uint32_t)(input[y * COLUMNS + x] + 128);
      board_put(shades[level * (sizeof shades - 1u) / 256u]);
    }
    board_print("\n");
  }
}

static void print_answer(uint32_t frame) {
  const int8_t *probability = vision_output_probability(&model);
  const uint32_t percent = (uint32_t)(probability[FACE] - VISION_OUTPUT_PROBABILITY_ZERO_POINT) * 100u / 256u;
  board_print(names[frame]);
  board_print(probability[FACE] > probability[0] ? ": a face (" : ": no face (");
  board_print_number(percent, 1);
  board_print(" %)\n\n");
}

int main(void) {
  board_init();
  if (vision_init(&model) != VISION_OK || vision_selftest(&model) != VISION_OK) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (uint32_t frame = 0; frame < FRAMES; frame++) {
    read_frame(frame);
    print_input();
    if (vision_invoke(&model) != VISION_OK) {
      board_exit(1);
    }
    print_answer(frame);
  }
  board_exit(0);
  return 0;
}
