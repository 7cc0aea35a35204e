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

/**
 * y0[0..columns) = x[0..inner) * weights. With y1 there are two rows, which lie in x as [inner][2], and y1 is that of the second.
 * x and y are apart.
 */
void nanoc_rows_s8(const nanoc_rows *rows, const int8_t *x, int8_t *y0, int8_t *y1);

#endif
