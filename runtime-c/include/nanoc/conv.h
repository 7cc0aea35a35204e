/* Convolutions over [batch][height][width][channels]. */
#ifndef NANOC_CONV_H
#define NANOC_CONV_H

#include "nanoc/requantize.h"

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
  const int32_t *bias;        /* with the zero point of x folded in, as if no tap were in the padding */
  const int8_t *weight_zeros; /* one for each output channel, or NULL when all are 0 */
  nanoc_output output;
} nanoc_conv_s8_params;

/**
 * Any convolution. Weights: for each group, blocks of four channels [kernel_h][kernel_w][in_c/groups][4], the last one to three as
 * [..][rest]. Scratch: the windows of two pixels, 2 * kernel_h * kernel_w * in_c bytes; both are read before either pixel is written.
 */
void nanoc_conv_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_conv_s8_params *params);

/**
 * One filter for each channel (groups == in_c == out_c). Weights: [channels / 4][kernel_h][kernel_w][4], the
 * last channels filled up with anything. Scratch: the rows of one window, ((kernel_h - 1) * dilation_h + 1) *
 * ((out_w - 1) * stride_w + (kernel_w - 1) * dilation_w + 1) * 4 bytes. Four channels of the whole image are finished before
 * the next four are read: y may lie over x at multiples of a pixel.
 */
void nanoc_depthwise_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_conv_s8_params *params);

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
  const float *weights; /* the order is that of each function */
  const float *bias;    /* or NULL */
  float low;
  float high;
} nanoc_conv_f32_params;

/**
 * Sums run over kernel_h, kernel_w, channels in ascending order, from the bias; taps in the padding are left out. One pixel after the
 * other. Weights as in nanoc_conv_s8.
 */
void nanoc_conv_f32(const float *x, float *y, const nanoc_conv_f32_params *params);

/** The same with one filter for each channel (groups == in_c == out_c). Weights as in nanoc_depthwise_s8. */
void nanoc_depthwise_f32(const float *x, float *y, const nanoc_conv_f32_params *params);

/** As nanoc_conv_s8, transposed: strides apply to the output. Weights: [out_c][kernel_h][kernel_w][in_c/groups]; bias not folded. */
void nanoc_conv_transpose_s8(const int8_t *x, int8_t *y, const nanoc_conv_s8_params *params);
/** Weights: [out_c][kernel_h][kernel_w][in_c/groups]. */
void nanoc_conv_transpose_f32(const float *x, float *y, const nanoc_conv_f32_params *params);

#endif
