/* Matrix products: fully connected layers, 1x1 convolutions, attention. */
#ifndef NANOC_MATMUL_H
#define NANOC_MATMUL_H

#include "nanoc/requantize.h"

/** y[rows][columns] = x[rows][inner] * weights, with constant weights. */
typedef struct {
  int32_t rows;
  int32_t inner;
  int32_t columns;
  const int8_t *weights;      /* blocks of four columns, [inner][4]; the last one to three as [inner][rest] */
  const int32_t *bias;        /* with the zero point of x folded in */
  const int8_t *weight_zeros; /* one for each column, or NULL when all are 0 */
  nanoc_output output;
} nanoc_matmul_s8_params;

/** For many rows. Scratch: 2 * inner bytes; two rows are read before either is written, so that y may lie over x. */
void nanoc_matmul_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_matmul_s8_params *params);

/** For few rows, without scratch. A row is read again for each four columns. */
void nanoc_fully_connected_s8(const int8_t *x, int8_t *y, const nanoc_matmul_s8_params *params);

/** y[batches][rows][columns] = a[batches][rows][inner] * b[batches][inner][columns], both computed at run time. */
typedef struct {
  int32_t batches;
  int32_t rows;
  int32_t inner;
  int32_t columns;
  int32_t a_step; /* elements from one batch to the next, 0 when it repeats */
  int32_t b_step;
  int32_t a_zero;
  int32_t b_zero;
  const int32_t *bias; /* one for each column, or NULL */
  nanoc_output output;
} nanoc_matmul_dynamic_s8_params;

void nanoc_matmul_dynamic_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_matmul_dynamic_s8_params *params);

/** The same in float32; b may be constant. Sums run over `inner` in ascending order, from the bias. */
typedef struct {
  int32_t batches;
  int32_t rows;
  int32_t inner;
  int32_t columns;
  int32_t a_step;
  int32_t b_step;
  const float *bias; /* one for each column, or NULL */
  float low;
  float high;
} nanoc_matmul_f32_params;

void nanoc_matmul_f32(const float *a, const float *b, float *y, const nanoc_matmul_f32_params *params);

#endif
