/*
 * int16 activations times int8 weights for Armv8.1-M with MVE. The compiler has proven that every sum fits 32 bits.
 *
 * Stream of four channels, in words: their starts; for each eight inputs of the window eight bytes of each channel; their scales as
 * floats. Channels and inputs that fill a group up are zero.
 */
#ifndef NANOC_MVE_S16_H
#define NANOC_MVE_S16_H

#include "nanoc/mve.h"

typedef struct {
  int32_t steps;    /* of eight inputs, above 0 */
  int32_t channels;
  int32_t x_step;   /* bytes from one pixel's window to the other's */
  int32_t y_step;   /* bytes from the outputs of one to those of the other; 0 where there is one pixel: they are overwritten */
  int32_t y_zero;
  int32_t low;
  int32_t high;
} nanoc_gemm_mve_s16_params;

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
  int32_t x_zero;
  nanoc_gemm_mve_s16_params gemm;
  const uint32_t *stream;
} nanoc_conv_mve_s16_params;

/**
 * int16 convolution, NHWC, one group. x: [batches][in_h][in_w][in_c].   y: [batches][out_h][out_w][out_c].
 * scratch: 32 * steps bytes. The windows of two pixels are read whole before either is written.
 */
void nanoc_conv_mve_s16(const int16_t *x, int16_t *y, int16_t *scratch, const nanoc_conv_mve_s16_params *params);

/** All channels of two pixels. */
void nanoc_gemm_mve_s16(const int16_t *x, const uint32_t *w, int16_t *y, const nanoc_gemm_mve_s16_params *params);

/**
 * Depthwise, eight channels at a time. Words of eight channels: their scales as floats, of channels 0, 2, 4, 6, 1, 3, 5, 7; then for each
 * tap of the window eight bytes. Starts are in the same order.
 */
typedef struct {
  int32_t first;     /* bytes from the weights of the window's first tap to those of the first that is in the image */
  int32_t rows;      /* of the window that are in the image */
  int32_t row_bytes; /* from the first input of a row to the one behind its last, above 0 */
  int32_t step;      /* bytes from a tap of a row to the next */
  int32_t x_skip;    /* bytes from the input behind a row to the next row's first */
  int32_t w_skip;    /* bytes from the weight behind a row to the next row's first */
  int32_t y_zero;
  int32_t low;
  int32_t high;
  int32_t groups;      /* of eight channels */
  int32_t group_bytes; /* of weights */
} nanoc_taps_mve_s16_params;

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t in_c; /* a multiple of eight */
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
  int32_t x_zero;
  const int8_t *weights;
  const int32_t *starts;          /* the zero point of all taps in them */
  nanoc_taps_mve_s16_params taps; /* the first six are set for each pixel */
} nanoc_depthwise_mve_s16_params;

/**
 * x: [batches][in_h][in_w][in_c], y: [batches][out_h][out_w][in_c]. scratch: 8 * in_c bytes on a word.
 * Pixels in ascending order, each by eight channels, from these channels of the input alone.
 */
void nanoc_depthwise_mve_s16(const int16_t *x, int16_t *y, int32_t *scratch, const nanoc_depthwise_mve_s16_params *params);

/** params->groups times eight channels of one pixel; x is the first tap in the image. */
void nanoc_taps_mve_s16(const int16_t *x, const int8_t *w, int16_t *y, const int32_t *starts, const nanoc_taps_mve_s16_params *params);

#endif
