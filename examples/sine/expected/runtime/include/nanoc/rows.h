/* Rows of int8 inputs times packed weights: what convolutions and matrix products have in common. */
#ifndef NANOC_ROWS_H
#define NANOC_ROWS_H

#include "nanoc/requantize.h"

typedef struct {
  int32_t inner;
  int32_t columns;
  int32_t first;              /* channel of the first column, for bias, zero points and scales */
  const int8_t *weights;      /* blocks of four columns, [inner][4]; the last one to three as [inner][rest] */
  const int32_t *bias;        /* of channel 0 */
  const int8_t *weight_zeros; /* of channel 0, or NULL when all are 0 */
  const nanoc_output *output;
} nanoc_rows;

/** y[0..columns) = x[0..inner) * weights. x and y are apart. */
void nanoc_one_row_s8(const nanoc_rows *rows, const int8_t *x, int8_t *y);

/** As nanoc_one_row_s8 for two rows, which lie in x as [inner][2]; y1 is that of the second. */
void nanoc_two_rows_s8(const nanoc_rows *rows, const int8_t *x, int8_t *y0, int8_t *y1);

/* What a sum starts from. x_sum is the sum of the row, for weights with a zero point. */
static inline int32_t nanoc_row_start(const nanoc_rows *rows, int32_t channel, int32_t x_sum) {
  const int32_t bias = rows->bias[channel];
  if (rows->weight_zeros == NULL) {
    return bias;
  }
  return (int32_t)((uint32_t)bias - (uint32_t)x_sum * (uint32_t)(int32_t)rows->weight_zeros[channel]);
}

/* The bytes of four channels side by side. */
static inline void nanoc_row_output4(const nanoc_output *output, const int32_t sums[4], int32_t channel, int8_t *y) {
  const int32_t step = output->scale_step;
  const float *scale = output->scale + channel * step;
  const int32_t zero = output->y_zero;
  const int32_t low = output->low;
  const int32_t high = output->high;
  for (int32_t c = 0; c < 4; c++, scale += step) {
    y[c] = (int8_t)nanoc_requantize(sums[c], *scale, zero, low, high);
  }
}

#endif
