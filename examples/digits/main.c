/*
 * Reads handwritten digits: for each image of 8x8 pixels it prints the image, the digit that the network sees in it and how
 * sure the network is.
 */
#include "board.h"
#include "digits.h"
#include "images.h"

#define SIDE 8u
#define INK 16u

/* All memory of the model but the stack. */
static digits_t model;

/* The camera: pixels from 0, paper, to 16, ink. A product takes a picture here. */
static const uint8_t *camera_take(uint32_t number) { return images[number % IMAGE_COUNT]; }

static void print_image(const uint8_t *pixels) {
  static const char shades[] = ".:+*#";
  for (uint32_t row = 0; row < SIDE; row++) {
    board_print("  ");
    for (uint32_t column = 0; column < SIDE; column++) {
      const char shade = shades[(pixels[row * SIDE + column] + 3u) / 4u];
      board_put(shade); /* twice, because characters are taller than wide */
      board_put(shade);
    }
    board_print("\n");
  }
}

/* Paper is -128 and ink 127: q = round(255 * pixel / 16) - 128, the input's scale being 1/255. Straight into the arena. */
static void fill_input(const uint8_t *pixels) {
  int8_t *input = digits_input_image(&model);
  for (uint32_t i = 0; i < DIGITS_INPUT_IMAGE_SIZE; i++) {
    const int32_t level = ((int32_t)pixels[i] * 255 + (int32_t)INK / 2) / (int32_t)INK;
    input[i] = (int8_t)(level + DIGITS_INPUT_IMAGE_ZERO_POINT);
  }
}

static void print_answer(uint32_t number) {
  const uint32_t digit = (uint32_t)*digits_output_digit(&model);
  const int32_t probability = digits_output_probability(&model)[digit] - DIGITS_OUTPUT_PROBABILITY_ZERO_POINT;
  board_print("image ");
  board_print_number(number, 1);
  board_print(" is a ");
  board_print_number(digit, 1);
  board_print(" (");
  board_print_number(((uint32_t)probability * 100u + 128u) / 256u, 1); /* in steps of 1/256 */
  board_print(" %)\n\n");
}

int main(void) {
  board_init();
  if (digits_init(&model) != DIGITS_OK || digits_selftest(&model) != DIGITS_OK) {
    board_print("self-test failed\n");
    board_exit(1);
  }
  for (uint32_t number = 0; number < IMAGE_COUNT; number++) {
    const uint8_t *pixels = camera_take(number);
    print_image(pixels);
    fill_input(pixels);
    if (digits_invoke(&model) != DIGITS_OK) {
      board_exit(1);
    }
    print_answer(number);
  }
  board_exit(0);
  return 0;
}
