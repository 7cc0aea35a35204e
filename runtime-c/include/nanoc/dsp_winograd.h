/*
 * Convolution 3x3 at stride 1 by Winograd's F(2x2, 3x3) in integers: two rows and four columns of the output, that is two tiles,
 * at a time. With V = B' d B of 4x4 inputs d and U = (2G) w (2G)' of the weights, made when the model is compiled,
 * 4 * y = A' (sum over the input channels of U * V) A: 16 products instead of 36 for four outputs, and exact.
 *
 * V, in words: [16 positions][channels / 4][4]: tile 0 (k, k+2), tile 0 (k+1, k+3), tile 1 (k, k+2), tile 1 (k+1, k+3).
 * M: [16 positions][4]: channel 0 tile 0 and 1, channel 1 tile 0 and 1.
 * Stream of a pair of channels: U [16 positions][channels / 4][4]: channel 0 (k, k+2), (k+1, k+3), channel 1 likewise; starts of
 * 4 * sum of both; then m0, m1, c0, c1, or scale0 / 4 and scale1 / 4 as floats.
 */
#ifndef NANOC_DSP_WINOGRAD_H
#define NANOC_DSP_WINOGRAD_H

#include "nanoc/dsp.h"

#if !NANOC_DSP_ASSEMBLY

/** Four times the sums of one channel and tile: y[row][column]. */
static inline void nanoc_winograd_sums(const uint32_t *m, uint32_t start, uint32_t sums[4]) {
  uint32_t upper[4];
  uint32_t lower[4];
  for (int32_t column = 0; column < 4; column++) {
    const uint32_t first = m[4 * column];
    const uint32_t second = m[16 + 4 * column];
    const uint32_t third = m[32 + 4 * column];
    const uint32_t fourth = m[48 + 4 * column];
    upper[column] = first + second + third;
    lower[column] = second - third - fourth;
  }
  sums[0] = upper[0] + upper[1] + upper[2] + start;
  sums[1] = upper[1] - upper[2] - upper[3] + start;
  sums[2] = lower[0] + lower[1] + lower[2] + start;
  sums[3] = lower[1] - lower[2] - lower[3] + start;
}

/** Stores eight outputs of each of two channels, requantized in float; `constants` are the starts and scales / 4. */
static inline void nanoc_winograd_outputs_exact(const uint32_t *m, const uint32_t *constants, int8_t *y, int32_t channels, int32_t row_step, int32_t zero) {
  for (int32_t channel = 0; channel < 2; channel++) {
    float scale;
    (void)memcpy(&scale, constants + 2 + channel, sizeof scale);
    for (int32_t tile = 0; tile < 2; tile++) {
      int8_t *to = y + channel + 2 * tile * channels;
      uint32_t sums[4];
      nanoc_winograd_sums(m + 2 * channel + tile, constants[channel], sums);
      for (int32_t i = 0; i < 4; i++) {
        to[(i / 2) * row_step + (i % 2) * channels] = (int8_t)nanoc_round_clamp((float)(int32_t)sums[i] * scale, zero, -128, 127);
      }
    }
  }
}

static inline uint32_t nanoc_winograd_add(uint32_t a, uint32_t b) {
  return ((a + b) & 0xFFFFu) | ((a & 0xFFFF0000u) + (b & 0xFFFF0000u));
}

static inline uint32_t nanoc_winograd_subtract(uint32_t a, uint32_t b) {
  return ((a - b) & 0xFFFFu) | ((a & 0xFFFF0000u) - (b & 0xFFFF0000u));
}

/** M of a pair of channels; returns what follows U. */
static inline const uint32_t *nanoc_winograd_products(const uint32_t *v, const uint32_t *u, uint32_t *m, int32_t channels) {
  for (int32_t position = 0; position < 16; position++, m += 4) {
    for (int32_t i = 0; i < 4; i++) {
      m[i] = 0;
    }
    for (int32_t k = 0; k < channels; k += 4, v += 4, u += 4) {
      for (int32_t i = 0; i < 4; i++) {
        const uint32_t *tile = v + 2 * (i & 1);
        const uint32_t *weights = u + (i & 2);
        m[i] = nanoc_dsp_smlad(tile[1], weights[1], nanoc_dsp_smlad(tile[0], weights[0], m[i]));
      }
    }
  }
  return u;
}

/** B' d of one column, in place. */
static inline void nanoc_winograd_column(uint32_t rows[4][6], int32_t column) {
  const uint32_t first = rows[0][column];
  const uint32_t second = rows[1][column];
  const uint32_t third = rows[2][column];
  rows[0][column] = nanoc_winograd_subtract(first, third);
  rows[1][column] = nanoc_winograd_add(second, third);
  rows[2][column] = nanoc_winograd_subtract(third, second);
  rows[3][column] = nanoc_winograd_subtract(second, rows[3][column]);
}

/** One row of transformed inputs of both tiles: four positions, `step` words apart. */
static inline void nanoc_winograd_row(const uint32_t column[6], uint32_t *v, int32_t step) {
  v[0] = nanoc_winograd_subtract(column[0], column[2]);
  v[step] = nanoc_winograd_add(column[1], column[2]);
  v[2 * step] = nanoc_winograd_subtract(column[2], column[1]);
  v[3 * step] = nanoc_winograd_subtract(column[1], column[3]);
  v[2] = nanoc_winograd_subtract(column[2], column[4]);
  v[step + 2] = nanoc_winograd_add(column[3], column[4]);
  v[2 * step + 2] = nanoc_winograd_subtract(column[4], column[3]);
  v[3 * step + 2] = nanoc_winograd_subtract(column[3], column[5]);
}

/** C twin of the generated nanoc_winograd_dsp_*_inputs: V of four rows, `row_step` bytes apart, of six pixels each. */
static inline void nanoc_winograd_inputs(const int8_t *x, int32_t row_step, uint32_t *v, int32_t channels) {
  for (int32_t channel = 0; channel < channels; channel += 4, x += 4, v += 4) {
    uint32_t even[4][6];
    uint32_t odd[4][6];
    for (int32_t column = 0; column < 6; column++) {
      uint32_t in[4];
      for (int32_t row = 0; row < 4; row++) {
        (void)memcpy(&in[row], x + row * row_step + column * channels, sizeof in[row]);
        odd[row][column] = nanoc_dsp_sxtb16(in[row] >> 8);
        even[row][column] = nanoc_dsp_sxtb16(in[row]);
      }
      nanoc_winograd_column(even, column);
      nanoc_winograd_column(odd, column);
    }
    for (int32_t row = 0; row < 4; row++) {
      nanoc_winograd_row(even[row], v + 4 * row * channels, channels);
      nanoc_winograd_row(odd[row], v + 4 * row * channels + 1, channels);
    }
  }
}

/** Stores eight outputs of each of two channels; `constants` are the starts, multipliers and addends. */
static inline void nanoc_winograd_outputs_fixed(const uint32_t *m, const uint32_t *constants, int8_t *y, int32_t channels, int32_t row_step, int32_t shift) {
  for (int32_t channel = 0; channel < 2; channel++) {
    const uint32_t multiplier = constants[2 + channel];
    const uint32_t addend = constants[4 + channel];
    for (int32_t tile = 0; tile < 2; tile++) {
      int8_t *to = y + channel + 2 * tile * channels;
      uint32_t sums[4];
      nanoc_winograd_sums(m + 2 * channel + tile, constants[channel], sums);
      to[0] = nanoc_dsp_fixed(sums[0], multiplier, addend, shift);
      to[channels] = nanoc_dsp_fixed(sums[1], multiplier, addend, shift);
      to[row_step] = nanoc_dsp_fixed(sums[2], multiplier, addend, shift);
      to[row_step + channels] = nanoc_dsp_fixed(sums[3], multiplier, addend, shift);
    }
  }
}

/** C twin of the generated nanoc_winograd_dsp_*_shift*: all pairs of a segment; M lies behind V. */
static inline void nanoc_winograd_fixed(uint32_t *v, const uint32_t *u, int8_t *y, const uint32_t *u_end, int32_t channels, int32_t outputs, int32_t row_step, int32_t shift) {
  for (uint32_t *m = v + 16 * channels; u != u_end; u += 6, y += 2) {
    u = nanoc_winograd_products(v, u, m, channels);
    nanoc_winograd_outputs_fixed(m, u, y, outputs, row_step, shift);
  }
}

/** C twin of the generated nanoc_winograd_dsp_*_exact. */
static inline void nanoc_winograd_exact(uint32_t *v, const uint32_t *u, int8_t *y, const uint32_t *u_end, int32_t zero, int32_t channels, int32_t outputs, int32_t row_step) {
  for (uint32_t *m = v + 16 * channels; u != u_end; u += 4, y += 2) {
    u = nanoc_winograd_products(v, u, m, channels);
    nanoc_winograd_outputs_exact(m, u, y, outputs, row_step, zero);
  }
}

#endif

#endif
