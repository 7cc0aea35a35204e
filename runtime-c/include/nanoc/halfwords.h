/*
 * Products of int16 activations with int8 weights. Sums have 64 bits, added up from blocks that fit 32: nothing overflows,
 * whatever the weights are.
 */
#ifndef NANOC_HALFWORDS_H
#define NANOC_HALFWORDS_H

#include "nanoc/requantize.h"

/** Products that fit an int32 together: 256 * 2^15 * 2^7 is half of its range. */
#define NANOC_BLOCK_S16 256

/** Rows of inputs times packed weights: what convolutions and matrix products have in common. */
typedef struct {
  int32_t inner;
  int32_t columns;
  int32_t first;              /* channel of the first column, for bias, zero points and scales */
  const int8_t *weights;      /* blocks of four columns, [inner][4]; the last one to three as [inner][rest] */
  const int64_t *bias;        /* of channel 0, with the zero point of x folded in */
  const int8_t *weight_zeros; /* of channel 0, or NULL when all are 0 */
  const nanoc_output *output;
} nanoc_rows_s16;

/** y[0..columns) = x[0..inner) * weights. x and y are apart. */
void nanoc_one_row_s16(const nanoc_rows_s16 *rows, const int16_t *x, int16_t *y);

typedef struct {
  int32_t rows;
  int32_t inner;
  int32_t columns;
  const int8_t *weights;
  const int64_t *bias;
  const int8_t *weight_zeros;
  nanoc_output output;
} nanoc_matmul_s16_params;

/** y[rows][columns] = x[rows][inner] * weights, as in nanoc_rows_s16. A row is read again for each four columns. */
void nanoc_matmul_s16(const int16_t *x, int16_t *y, const nanoc_matmul_s16_params *params);

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t in_c;
  int32_t out_h;
  int32_t out_w;
  int32_t out_c;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t dilation_h;
  int32_t dilation_w;
  int32_t pad_top;
  int32_t pad_left;
  int32_t groups;
  int32_t x_zero;
  const int8_t *weights;
  const int64_t *bias;
  const int8_t *weight_zeros; /* one for each output channel, or NULL when all are 0 */
  nanoc_output output;
} nanoc_conv_s16_params;

/**
 * Any convolution. Weights and bias: as in nanoc_rows_s16, [kernel_h][kernel_w][in_c/groups] inputs; a block never holds channels of two groups.
 * Scratch: the window of a pixel, kernel_h * kernel_w * in_c halfwords; all of it is read before the pixel is written.
 */
void nanoc_conv_s16(const int16_t *x, int16_t *y, int16_t *scratch, const nanoc_conv_s16_params *params);

/**
 * One filter for each channel (groups == in_c == out_c), at most 255 taps, weights without zero points: [kernel_h][kernel_w][channels].
 * The bias is that of ONNX, not folded. Channels of a pixel in ascending order, each from its own channel of the input alone.
 */
void nanoc_depthwise_s16(const int16_t *x, int16_t *y, const nanoc_conv_s16_params *params);

/** y[batches][rows][columns] = a[batches][rows][inner] * b[batches][inner][columns], all of them int16. */
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
} nanoc_matmul_dynamic_s16_params;

void nanoc_matmul_dynamic_s16(const int16_t *a, const int16_t *b, int16_t *y, const nanoc_matmul_dynamic_s16_params *params);

#endif
