/*
 * A program that runs float_island once.
 * Yours to change: nanoc does not look at it again.
 */
#include "float_island.h"

#include <stdio.h>

/* All memory of the model but the stack: 64 bytes. */
static float_island_t model;

/* Where input "image:0" comes from: a sensor, in a product. Here: real zero. */
static void read_image_0(uint8_t *to) {
  for (uint32_t i = 0; i < FLOAT_ISLAND_INPUT_IMAGE_0_SIZE; i++) {
    to[i] = FLOAT_ISLAND_INPUT_IMAGE_0_ZERO_POINT;
  }
}

/* Where input "offset" comes from: a sensor, in a product. Here: real zero. */
static void read_offset(float *to) {
  for (uint32_t i = 0; i < FLOAT_ISLAND_INPUT_OFFSET_SIZE; i++) {
    to[i] = 0.0f;
  }
}

/* What becomes of output "sum": the index of its largest element. Volatile: a debugger sees it. */
static volatile uint32_t largest_sum;

static void use_sum(const float *from) {
  uint32_t largest = 0;
  for (uint32_t i = 1; i < FLOAT_ISLAND_OUTPUT_SUM_SIZE; i++) {
    largest = from[i] > from[largest] ? i : largest;
  }
  largest_sum = largest;
}

/* What becomes of output "class": the index of its largest element. Volatile: a debugger sees
 * it. */
static volatile uint32_t largest_class_output;

static void use_class_output(const uint8_t *from) {
  uint32_t largest = 0;
  for (uint32_t i = 1; i < FLOAT_ISLAND_OUTPUT_CLASS_OUTPUT_SIZE; i++) {
    largest = from[i] > from[largest] ? i : largest;
  }
  largest_class_output = largest;
}

int main(void) {
  if (float_island_init(&model) != FLOAT_ISLAND_OK) {
    return 1;
  }
  /* Takes as long as an inference; finds damaged memory and wrong builds. */
  if (float_island_selftest(&model) != FLOAT_ISLAND_OK) {
    return 1;
  }
  read_image_0(float_island_input_image_0(&model));
  read_offset(float_island_input_offset(&model));
  if (float_island_invoke(&model) != FLOAT_ISLAND_OK) {
    return 1;
  }
  use_sum(float_island_output_sum(&model));
  printf("sum: element %lu is the largest\n", (unsigned long)largest_sum);
  use_class_output(float_island_output_class_output(&model));
  printf("class_output: element %lu is the largest\n", (unsigned long)largest_class_output);
  return 0;
}
