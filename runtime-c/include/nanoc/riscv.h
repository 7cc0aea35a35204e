/*
 * Kernels for RV32IM: pairs of pixels, each pair in one word, meet two channels at a time. The C twin of each assembly function runs
 * elsewhere from the same data. Layouts:
 *
 * Wide inputs: words x0 + x1 * 2^16, [input][pair].
 * Stream of a pair of channels: as in nanoc/packed.h, but that the start of a sum is no more than that.
 */
#ifndef NANOC_RISCV_H
#define NANOC_RISCV_H

#include "nanoc/packed.h"

#if defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_mul)
#define NANOC_RV32_ASSEMBLY 1
#else
#define NANOC_RV32_ASSEMBLY 0
#endif

/** Two pixels in one word. */
static inline uint32_t nanoc_rv32_both(int8_t a, int8_t b) { return (uint32_t)a + ((uint32_t)b << 16); }

typedef struct {
  int32_t inner;   /* a multiple of four */
  int32_t flush;   /* weights between two partings of the halves: 4 or 2 */
  int32_t pairs;   /* of pixels */
  int32_t surplus; /* bytes of the numbers in the lists of surplus weights; 0: there are none */
} nanoc_rv32_shape;

/* Adds v whole to sums[0], and its upper half, rounded by the lower one, to sums[1]. */
static inline void nanoc_rv32_part(uint32_t v, uint32_t sums[2]) {
  sums[0] += v;
  sums[1] += (uint32_t)((int32_t)(v + 0x8000u) >> 16);
}

/* Both pixels' sums of one channel, not yet parted; w: its words of weights are every other one. */
static inline void nanoc_rv32_channel(const uint32_t *x, const uint32_t *w, const nanoc_rv32_shape *shape, uint32_t sums[2]) {
  uint32_t v = 0;
  for (int32_t k = 0; k < shape->inner; k++) {
    v += x[k * shape->pairs] * (uint32_t)nanoc_packed_signed(w[k / 4 * 2], k % 4);
    if (k % shape->flush == shape->flush - 1) {
      nanoc_rv32_part(v, sums);
      v = 0;
    }
  }
}

/* The surplus weights of both channels; returns what is behind them. */
static inline const uint32_t *nanoc_rv32_surplus(const uint32_t *x, const uint32_t *w, int32_t size, uint32_t sums[4]) {
  const uint32_t counts[2] = {nanoc_packed_number(w, 0, size), nanoc_packed_number(w, 1, size)};
  int32_t at = 2;
  for (int32_t c = 0; c < 2; c++) {
    uint32_t v = 0;
    for (uint32_t i = 0; i < counts[c]; i++, at += 2) {
      const uint32_t position = nanoc_packed_number(w, at, size) / (size == 1 ? 1u : 4u);
      const uint32_t number = nanoc_packed_number(w, at + 1, size);
      const uint32_t sign = size == 1 ? 0x80u : 0x8000u;
      v += x[position] * ((number ^ sign) - sign);
    }
    nanoc_rv32_part(v, sums + 2 * c);
  }
  return w + (at * size + 3) / 4;
}

/* Sums of a pair of pixels: of channel 0 both, of channel 1 both. Returns the words behind the weights. */
static inline const uint32_t *nanoc_rv32_pair(const uint32_t *x, const uint32_t *w, const nanoc_rv32_shape *shape, uint32_t sums[4]) {
  for (int32_t c = 0; c < 2; c++) {
    sums[2 * c + 1] = w[c];
    sums[2 * c] = w[c] + (w[c] << 16);
    nanoc_rv32_channel(x, w + 2 + c, shape, sums + 2 * c);
  }
  w += 2 + shape->inner / 2;
  if (shape->surplus != 0) {
    w = nanoc_rv32_surplus(x, w, shape->surplus, sums);
  }
  sums[0] -= sums[1] << 16;
  sums[2] -= sums[3] << 16;
  return w;
}

/** C twin of the generated nanoc_gemm_rv32_*_sums_*: one pair of channels. */
static inline void nanoc_rv32_sums(const uint32_t *x, const uint32_t *w, const uint32_t *w_end, const nanoc_rv32_shape *shape, int32_t *to) {
  (void)w_end;
  for (int32_t pair = 0; pair < shape->pairs; pair++, to += 4) {
    uint32_t sums[4];
    (void)nanoc_rv32_pair(x + pair, w, shape, sums);
    (void)memcpy(to, sums, sizeof sums);
  }
}

/** MULH, ADD, SRAI and the bounds. */
static inline int8_t nanoc_rv32_requantize(uint32_t sum, uint32_t m, uint32_t c, int32_t shift, int32_t low, int32_t high) {
  const int64_t product = (int64_t)(int32_t)sum * (int32_t)m;
  return (int8_t)nanoc_clamp((int32_t)((uint32_t)((uint64_t)product >> 32) + c) >> shift, low, high);
}

/** C twin of the generated nanoc_gemm_rv32_*_fixed*. */
static inline void nanoc_rv32_fixed(const uint32_t *x, const uint32_t *w, const uint32_t *w_end, const nanoc_rv32_shape *shape, int8_t *y, int32_t channels, int32_t shift, int32_t low, int32_t high) {
  for (; w != w_end; y += 2) {
    const uint32_t *m = w;
    for (int32_t pair = 0; pair < shape->pairs; pair++) {
      uint32_t sums[4];
      m = nanoc_rv32_pair(x + pair, w, shape, sums);
      for (int32_t i = 0; i < 4; i++) {
        y[i / 2 + (2 * pair + i % 2) * channels] = nanoc_rv32_requantize(sums[i], m[i / 2 * 2], m[i / 2 * 2 + 1], shift, low, high);
      }
    }
    w = m + 4;
  }
}

/** C twin of the generated nanoc_dot_rv32_*_fixed*; the stream is that of nanoc_packed_row. */
static inline void nanoc_rv32_row_fixed(const int8_t *x, const uint32_t *w, const uint32_t *w_end, const uint32_t *groups, const nanoc_packed_row *row, int8_t *y, int32_t shift, int32_t low, int32_t high) {
  for (; w != w_end; y += 4) {
    uint32_t sums[4];
    w = nanoc_packed_four(x, w, groups, NULL, row, sums);
    for (int32_t c = 0; c < 4; c++) {
      y[c] = nanoc_rv32_requantize(sums[c], w[c], w[4 + c], shift, low, high);
    }
    w += 8;
  }
}

#endif
