/*
 * Twins of the kernels whose weights take a halfword each in flash (`--optimize speed`). Inputs and parameters as nanoc/dsp.h.
 * Stream of a pair of channels, in words:
 *   S0 start, S1 start; for each four inputs channel 0 (k, k+2), (k+1, k+3), channel 1 likewise;
 *   then for fixed-point requantization m0, m1, c0, c1; for the exact one both scales as floats.
 * Stream of four channels: four starts; for each eight inputs four words of each channel (a last four inputs: two of each);
 *   then m0..m3, c0..c3, or four scales.
 */
#ifndef NANOC_DSP16_H
#define NANOC_DSP16_H

#include "nanoc/dsp.h"

#if !NANOC_DSP_ASSEMBLY

static inline const uint32_t *nanoc_dsp_pair16(const uint32_t *x, const uint32_t *w, uint32_t sums[4], int32_t inner) {
  sums[0] = w[0];
  sums[1] = w[0];
  sums[2] = w[1];
  sums[3] = w[1];
  w += 2;
  for (int32_t k = 0; k < inner; k += 4, x += 4, w += 4) {
    for (int32_t half = 0; half < 2; half++) {
      for (int32_t pixel = 0; pixel < 2; pixel++) {
        sums[pixel] = nanoc_dsp_smlad(x[2 * pixel + half], w[half], sums[pixel]);
        sums[2 + pixel] = nanoc_dsp_smlad(x[2 * pixel + half], w[2 + half], sums[2 + pixel]);
      }
    }
  }
  return w;
}

/** C twin of the generated nanoc_gemm16_dsp_*_shift*. */
static inline void nanoc_dsp_gemm16_fixed(const uint32_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t channels, int32_t shift) {
  while (w != w_end) {
    uint32_t sums[4];
    w = nanoc_dsp_pair16(x, w, sums, inner);
    for (int32_t pixel = 0; pixel < 2; pixel++) {
      y[pixel * channels] = nanoc_dsp_fixed(sums[pixel], w[0], w[2], shift);
      y[pixel * channels + 1] = nanoc_dsp_fixed(sums[2 + pixel], w[1], w[3], shift);
    }
    w += 4;
    y += 2;
  }
}

/** C twin of the generated nanoc_gemm16_dsp_*_exact. */
static inline void nanoc_dsp_gemm16_exact(const uint32_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t zero, int32_t inner, int32_t channels) {
  while (w != w_end) {
    uint32_t sums[4];
    float scale[2];
    w = nanoc_dsp_pair16(x, w, sums, inner);
    (void)memcpy(scale, w, sizeof scale);
    for (int32_t pixel = 0; pixel < 2; pixel++) {
      y[pixel * channels] = (int8_t)nanoc_round_clamp((float)(int32_t)sums[pixel] * scale[0], zero, -128, 127);
      y[pixel * channels + 1] = (int8_t)nanoc_round_clamp((float)(int32_t)sums[2 + pixel] * scale[1], zero, -128, 127);
    }
    w += 2;
    y += 2;
  }
}

/** Sums of four channels, inputs int8 or widened. */
static inline const uint32_t *nanoc_dsp_four16(const void *x, const uint32_t *w, uint32_t sums[4], int32_t inner, int32_t is_wide) {
  const int8_t *narrow = (const int8_t *)x;
  const uint32_t *words = (const uint32_t *)x;
  for (int32_t c = 0; c < 4; c++) {
    sums[c] = w[c];
  }
  w += 4;
  for (int32_t start = 0; start < inner; start += 8) {
    const int32_t end = start + 8 < inner ? start + 8 : inner;
    for (int32_t c = 0; c < 4; c++) {
      for (int32_t k = start; k < end; k += 4, w += 2) {
        for (int32_t half = 0; half < 2; half++) {
          const uint32_t wide = is_wide != 0 ? words[k / 2 + half] : (uint32_t)(uint16_t)narrow[k + half] | ((uint32_t)(uint16_t)narrow[k + half + 2] << 16);
          sums[c] = nanoc_dsp_smlad(wide, w[half], sums[c]);
        }
      }
    }
  }
  return w;
}

/** C twin of the generated nanoc_dot16_dsp_*_shift*. */
static inline void nanoc_dsp_dot16_fixed(const void *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t is_wide, int32_t shift) {
  while (w != w_end) {
    uint32_t sums[4];
    w = nanoc_dsp_four16(x, w, sums, inner, is_wide);
    for (int32_t c = 0; c < 4; c++) {
      *y++ = nanoc_dsp_fixed(sums[c], w[c], w[4 + c], shift);
    }
    w += 8;
  }
}

/** C twin of the generated nanoc_dot16_dsp_*_exact. */
static inline void nanoc_dsp_dot16_exact(const void *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t zero, int32_t inner, int32_t is_wide) {
  while (w != w_end) {
    uint32_t sums[4];
    float scale[4];
    w = nanoc_dsp_four16(x, w, sums, inner, is_wide);
    (void)memcpy(scale, w, sizeof scale);
    for (int32_t c = 0; c < 4; c++) {
      *y++ = (int8_t)nanoc_round_clamp((float)(int32_t)sums[c] * scale[c], zero, -128, 127);
    }
    w += 4;
  }
}

#endif

#endif
