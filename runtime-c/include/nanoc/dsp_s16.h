/*
 * int16 activations times int8 weights for cores with the DSP extension and an FPU. The compiler has proven that every sum fits 32 bits.
 *
 * Windows of two pixels side by side: for each four inputs k..k+3 four halfwords of pixel 0, then four of pixel 1.
 * Stream of a pair of channels, in words: both starts; for each four inputs a word of channel 0 and one of channel 1, bytes
 * (k, k+2, k+1, k+3), so that SXTB16 gives the neighbours k, k+1 and, of the word turned by 8, k+2, k+3; then both scales as floats.
 * With an odd number of channels the last pair takes the channel before it once more.
 */
#ifndef NANOC_DSP_S16_H
#define NANOC_DSP_S16_H

#include "nanoc/dsp.h"

/** What all channels have in common. */
typedef struct {
  int32_t inner;  /* inputs of a window, a multiple of four, above 0 */
  int32_t step;   /* bytes from the outputs of pixel 0 to those of pixel 1; 0 where there is no pixel 1: its outputs are overwritten */
  int32_t y_zero;
  uint32_t lows;  /* the lower bound in both halfwords */
  uint32_t highs;
} nanoc_gemm_dsp_s16_params;

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t in_c;
  int32_t out_h;
  int32_t out_w;
  int32_t out_c; /* at least two */
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t dilation_h;
  int32_t dilation_w;
  int32_t pad_top;
  int32_t pad_left;
  int32_t x_zero;
  nanoc_gemm_dsp_s16_params gemm;
  const uint32_t *stream;
} nanoc_conv_dsp_s16_params;

/**
 * int16 convolution, NHWC, one group. x: [batches][in_h][in_w][in_c].   y: [batches][out_h][out_w][out_c].
 * scratch: 4 * inner bytes on a word. The windows of two pixels are read whole before either is written.
 */
void nanoc_conv_dsp_s16(const int16_t *x, int16_t *y, int16_t *scratch, const nanoc_conv_dsp_s16_params *params);

/** All pairs of channels in [w, w_end) for two pixels, to y and step bytes behind it. */
void nanoc_gemm_dsp_s16(const int16_t *x, const uint32_t *w, int16_t *y, const uint32_t *w_end, const nanoc_gemm_dsp_s16_params *params);

/**
 * Depthwise, four channels at a time. Words of four channels: their scales as floats, then for each tap of the window
 * bytes (c, c+2, c+1, c+3). Channels that are no multiple of four end with the last four of them.
 */
typedef struct {
  int32_t first;     /* bytes from the weights of the window's first tap to those of the first that is in the image */
  int32_t rows;      /* of the window that are in the image */
  int32_t row_bytes; /* from the first input of a row to the one behind its last, above 0 */
  int32_t step;      /* bytes from a tap of a row to the next */
  int32_t x_skip;    /* bytes from the input behind a row to the next row's first */
  int32_t w_skip;    /* bytes from the weight behind a row to the next row's first */
  int32_t y_zero;
  uint32_t lows; /* the lower bound in both halfwords */
  uint32_t highs;
  int32_t groups;      /* of four channels */
  int32_t group_bytes; /* of weights */
} nanoc_taps_dsp_s16_params;

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t in_c; /* even, at least four */
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
  const uint32_t *weights;
  const int32_t *starts;          /* for each channel, the zero point of all taps in it */
  nanoc_taps_dsp_s16_params taps; /* the first six are set for each pixel */
} nanoc_depthwise_dsp_s16_params;

/**
 * x: [batches][in_h][in_w][in_c], y: [batches][out_h][out_w][in_c], both on a word. scratch: 8 * in_c bytes on a word.
 * Pixels in ascending order, each by four channels, from these channels of the input alone.
 */
void nanoc_depthwise_dsp_s16(const int16_t *x, int16_t *y, int32_t *scratch, const nanoc_depthwise_dsp_s16_params *params);

/** params->groups times four channels of one pixel; x is the first tap in the image. */
void nanoc_taps_dsp_s16(const int16_t *x, const uint32_t *w, int16_t *y, const int32_t *starts, const nanoc_taps_dsp_s16_params *params);

/** Bytes 0 and 2 of a word added to the halfwords of `sums`. */
static inline uint32_t nanoc_dsp_add_bytes(uint32_t sums, uint32_t word) {
#if NANOC_DSP_ASSEMBLY
  __asm__("sxtab16 %0, %0, %1" : "+r"(sums) : "r"(word));
  return sums;
#else
  const int32_t low = (int16_t)(uint16_t)sums + (int8_t)(uint8_t)word;
  const int32_t high = (int16_t)(uint16_t)(sums >> 16) + (int8_t)(uint8_t)(word >> 16);
  return (uint32_t)(uint16_t)low | ((uint32_t)(uint16_t)high << 16);
#endif
}

#if !NANOC_DSP_ASSEMBLY

/** Byte `index` of what SXTB16 gives of a word, then of the word turned by 8. */
static inline int32_t nanoc_dsp_byte(uint32_t word, int32_t index) {
  static const uint8_t places[4] = {0, 16, 8, 24};
  return (int8_t)(uint8_t)(word >> places[index]);
}

/** The last step of both kernels. */
static inline int16_t nanoc_dsp_output_s16(int32_t sum, uint32_t scale_bits, int32_t zero, uint32_t lows, uint32_t highs) {
  float scale;
  (void)memcpy(&scale, &scale_bits, sizeof scale);
  return (int16_t)nanoc_round_clamp((float)sum * scale, zero, (int16_t)(uint16_t)lows, (int16_t)(uint16_t)highs);
}

#endif

#endif
