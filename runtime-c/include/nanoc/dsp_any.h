/* Convolutions and matrix products of any shape for cores with the DSP extension and an FPU, in little code (`--optimize size`). */
#ifndef NANOC_DSP_ANY_H
#define NANOC_DSP_ANY_H

#include "nanoc/dsp.h"

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
  int32_t pad_top;
  int32_t pad_left;
  int32_t inner;          /* taps of a window, rounded up to a multiple of four */
  nanoc_dsp_params layer; /* every segment is requantized in float */
} nanoc_dsp_any_params;

/**
 * int8 convolution, NHWC; the windows of two pixels are copied, widened and multiplied.
 * x: [batches][in_h][in_w][in_c].   y: [batches][out_h][out_w][out_c], at least two channels.
 * scratch: 4 * inner + 2 * max(inner, out_c) bytes, 6 * inner where the number of output pixels is even, on a word. Two pixels are read whole before either is written.
 */
void nanoc_conv_any_dsp(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_dsp_any_params *params);

/**
 * All pairs of channels in [w, w_end) for two pixels, whose outputs are `channels` bytes apart; layouts of x and w as nanoc/dsp.h.
 * inner: a multiple of four, above 0. zero: zero point of y.
 */
void nanoc_gemm_any_dsp(const uint32_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t channels, int32_t zero);

typedef struct {
  int32_t inner;          /* inputs, a multiple of four, above 0 */
  int32_t columns;        /* outputs */
  nanoc_dsp_params layer; /* every segment is requantized in float */
} nanoc_dsp_any_row_params;

/** One row of inputs times a matrix. x: [inner], on a word.   y: [columns], at least four. */
void nanoc_matvec_any_dsp(const int8_t *x, int8_t *y, const nanoc_dsp_any_row_params *params);

/**
 * All groups of four channels in [w, w_end) for one row; layout of w as nanoc/dsp.h. x: [inner], on a word.
 * inner: a multiple of four, above 0. zero: zero point of y.
 */
void nanoc_dot_any_dsp(const int8_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t zero);

/** The same for matrices without a bias: no starts stand in the stream. */
void nanoc_matvec_unbiased_dsp(const int8_t *x, int8_t *y, const nanoc_dsp_any_row_params *params);

/** As nanoc_dot_any_dsp, of w without starts. minus_zeros: the negative zero point of x in two halfwords. */
void nanoc_dot_unbiased_dsp(const int8_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t zero, uint32_t minus_zeros);

#endif
