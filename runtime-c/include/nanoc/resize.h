/* Resizing images [batch][height][width][channels]. Which pixels a row or column comes from is computed by the compiler. */
#ifndef NANOC_RESIZE_H
#define NANOC_RESIZE_H

#include "nanoc/requantize.h"

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t out_h;
  int32_t out_w;
  int32_t pixel;           /* bytes of all channels of a pixel */
  const uint16_t *rows;    /* row of x for each row of y */
  const uint16_t *columns; /* column of x for each column of y */
} nanoc_resize_nearest_params;

/** Copies whole pixels, in ascending order, each as by memmove. */
void nanoc_resize_nearest(const void *x, void *y, const nanoc_resize_nearest_params *params);

/** The two indices that a position of y lies between, and their weights. */
typedef struct {
  const uint16_t *first;
  const uint16_t *second;
  const float *first_weight;
  const float *second_weight;
} nanoc_between;

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t channels;
  int32_t out_h;
  int32_t out_w;
  nanoc_between rows;
  nanoc_between columns;
} nanoc_linear;

/** y = ((a * x[top][left] + b * x[top][right]) + c * x[bottom][left]) + d * x[bottom][right], each of a to d the product of the
 *  column's and the row's weight, in float32. No overlap. */
void nanoc_resize_linear_f32(const float *x, float *y, const nanoc_linear *linear);

typedef struct {
  nanoc_linear linear;
  int32_t x_zero;
  float x_scale;
  float y_scale;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  /* The same in fixed point: weights of 14 bits, the first and the second of each position; the ratio of the scales times 2^(18 + shift). */
  const int16_t *rows_fixed;
  const int16_t *columns_fixed;
  int32_t factor;
  int32_t shift; /* 1 to 12 */
  int32_t near;  /* from a tie, in 2^-shift of a step; at least half a step: always float */
} nanoc_resize_linear_s8_params;

/**
 * The same on (x - x_zero) * x_scale, quantized: clamp(round_half_even(y / y_scale) + y_zero). No overlap.
 * The compiler has proven that the fixed-point result is the float one outside `near`.
 */
void nanoc_resize_linear_s8(const int8_t *x, int8_t *y, const nanoc_resize_linear_s8_params *params);

#endif
