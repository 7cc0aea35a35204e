/*
 * Kernels for cores without SIMD instructions, Armv7-M (Cortex-M3) and Armv6-M (Cortex-M0): two pixels in one word. The C twin of
 * each assembly function runs elsewhere from the same data. Layouts:
 *
 * Wide inputs, two pixels: for each four inputs four words x0 + x1 * 2^16; for Armv6-M a fifth, 2^15 - 128 * the sum of the four.
 * Stream of a pair of channels, in words:
 *   for each channel the start of its sum less 2^15 for each parting of the halves;
 *   for each four inputs four weights of channel 0, four of channel 1, a byte each (Armv6-M: 128 more than they are);
 *   where the layer has surplus weights: numbers of one or two bytes, namely the lengths of both channels' lists, then for each entry
 *     its position (word of the wide inputs, or its byte offset in numbers of two bytes) and its weight; filled up to a word;
 *   where the pair is requantized here: for each channel two words, `fixed` and `long` multiplier and addend, `short` two multipliers
 *     of 16 bits and the addend.
 */
#ifndef NANOC_PACKED_H
#define NANOC_PACKED_H

#include <string.h>

#include "nanoc/requantize.h"

#if defined(__thumb2__)
#define NANOC_V7M_ASSEMBLY 1
#else
#define NANOC_V7M_ASSEMBLY 0
#endif
#if defined(__thumb__) && defined(__ARM_ARCH_6M__)
#define NANOC_V6M_ASSEMBLY 1
#else
#define NANOC_V6M_ASSEMBLY 0
#endif

typedef struct {
  int32_t x_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const uint32_t *stream;
  const int32_t *segments; /* four numbers each: function, first channel, first word, end word */
  int32_t segment_count;
  const float *scales; /* of the channels that are requantized by nanoc_packed_exact, or NULL */
} nanoc_packed_params;

/** Widens n inputs of two pixels for Armv7-M. a and b may lie anywhere, `to` on a word. */
static inline void nanoc_v7m_widen(const int8_t *a, const int8_t *b, uint32_t *to, int32_t n) {
#if NANOC_V7M_ASSEMBLY
  uint32_t p;
  uint32_t q;
  uint32_t r;
  uint32_t s;
  uint32_t t;
#define NANOC_V7M_WIDEN_FOUR                                                                                              \
  "ldrsb %[p], [%[a]], #1\n ldrsb %[q], [%[a]], #1\n ldrsb %[r], [%[a]], #1\n ldrsb %[s], [%[a]], #1\n"                   \
  " ldrsb %[t], [%[b]], #1\n add %[p], %[p], %[t], lsl #16\n ldrsb %[t], [%[b]], #1\n add %[q], %[q], %[t], lsl #16\n"    \
  " strd %[p], %[q], [%[to]], #8\n"                                                                                       \
  " ldrsb %[t], [%[b]], #1\n add %[r], %[r], %[t], lsl #16\n ldrsb %[t], [%[b]], #1\n add %[s], %[s], %[t], lsl #16\n"    \
  " strd %[r], %[s], [%[to]], #8\n"
  for (; n >= 8; n -= 8) {
    __asm__ volatile(NANOC_V7M_WIDEN_FOUR NANOC_V7M_WIDEN_FOUR
                     : [a] "+r"(a), [b] "+r"(b), [to] "+r"(to), [p] "=&r"(p), [q] "=&r"(q), [r] "=&r"(r), [s] "=&r"(s), [t] "=&r"(t)
                     :
                     : "memory");
  }
#undef NANOC_V7M_WIDEN_FOUR
#endif
  for (; n > 0; n--) {
    *to++ = (uint32_t)*a++ + ((uint32_t)*b++ << 16);
  }
}

/** Widens 4 * groups inputs of two pixels for Armv6-M. a and b may lie anywhere, `to` on a word. */
static inline void nanoc_v6m_widen(const int8_t *a, const int8_t *b, uint32_t *to, int32_t groups) {
  for (; groups > 0; groups--, a += 4, b += 4, to += 5) {
    uint32_t sum = 0;
    for (int32_t k = 0; k < 4; k++) {
      to[k] = (uint32_t)a[k] + ((uint32_t)b[k] << 16);
      sum += to[k];
    }
    to[4] = 0x8000u - (sum << 7);
  }
}

/** The upper word of a * m, m not negative. */
static inline int32_t nanoc_packed_upper(int32_t a, int32_t m) {
#if NANOC_V6M_ASSEMBLY
  const uint32_t a_low = (uint32_t)a & 0xFFFFu;
  const uint32_t m_low = (uint32_t)m & 0xFFFFu;
  const int32_t inner = (a >> 16) * (int32_t)m_low;
  const uint32_t other = a_low * (uint32_t)(m >> 16);
  const uint32_t low = ((a_low * m_low) >> 16) + ((uint32_t)inner & 0xFFFFu) + (other & 0xFFFFu);
  return (a >> 16) * (m >> 16) + (inner >> 16) + (int32_t)(other >> 16) + (int32_t)(low >> 16);
#else
  return (int32_t)(((int64_t)a * m) >> 32);
#endif
}

/** floor(scale * 2^(32 + fraction)), which must be below 2^31 unless fraction is 0. */
static inline int32_t nanoc_packed_multiplier(float scale, int32_t fraction) {
  uint32_t bits;
  (void)memcpy(&bits, &scale, sizeof bits);
  const uint32_t mantissa = (bits & 0x7FFFFFu) | 0x800000u;
  const int32_t shift = (int32_t)(bits >> 23) - 118 + fraction;
  if (fraction == 0) {
    return 0;
  }
  if (shift >= 0) {
    return (int32_t)(mantissa << shift);
  }
  return shift < -24 ? 0 : (int32_t)(mantissa >> -shift);
}

/**
 * As nanoc_requantize, for sums that no multiplier serves exactly: sum * scale with `fraction` bits behind the point. The roundings of
 * the float form move a product that is not saturated by less than 2^-14, so that only those next to a tie need the float form itself.
 * multiplier: nanoc_packed_multiplier(scale, fraction). fraction: 4 to 12, or 0 where the scale is too large for this.
 */
static inline int32_t nanoc_packed_exact(int32_t sum, float scale, int32_t multiplier, int32_t fraction, int32_t zero, int32_t low, int32_t high) {
  if (fraction == 0) {
    return nanoc_requantize(sum, scale, zero, low, high);
  }
  const int32_t half = 1 << (fraction - 1);
  const int32_t product = nanoc_packed_upper(sum, multiplier);
  if ((uint32_t)((product & (2 * half - 1)) - half + 1) < 2u) {
    return nanoc_requantize_exact(sum, scale, zero, low, high);
  }
  return nanoc_clamp(((product + half) >> fraction) + zero, low, high);
}

/**
 * Depthwise convolution. For each channel in flash the start of its sum, the requantization and a byte for each weight, filled up to a
 * word. Armv7-M: start times 256, multiplier; Armv6-M: start, two multipliers of 16 bits, addend; a channel that is requantized by
 * nanoc_packed_exact: start, scale (Armv6-M: and a word that is not used).
 */
typedef struct {
  int32_t x_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const uint32_t *weights;
  const int8_t *exact; /* for each channel 1 if it is requantized by nanoc_packed_exact; NULL: none is */
} nanoc_packed_depthwise_params;

/** Signed byte i of a word, the lowest first. */
static inline int32_t nanoc_packed_signed(uint32_t word, int32_t i) {
  return (int8_t)(uint8_t)(word >> (8 * i));
}

/** The upper word of sum * m, shifted and saturated; sum is 256 times itself. */
static inline int8_t nanoc_v7m_requantize(int32_t sum, int32_t m, int32_t shift) {
  return (int8_t)nanoc_saturate_s8((int32_t)(((int64_t)sum * m) >> 32) >> shift);
}

/** (sum * high + (sum / 4 * low) / 2^(fraction - 2) + addend) / 2^shift - offset, saturated; m holds high and low. */
static inline int8_t nanoc_v6m_requantize(int32_t sum, uint32_t m, int32_t addend, int32_t fraction, int32_t shift, int32_t offset) {
  const int32_t product = sum * (int32_t)(m >> 16) + (((sum >> 2) * (int32_t)(m & 0xFFFFu)) >> (fraction - 2));
  return (int8_t)nanoc_clamp(((product + addend) >> shift) - offset, -128, 127);
}

/** Requantizes the sums of two pixels and a pair of channels that no multiplier serves. */
static inline void nanoc_packed_finish(const int32_t sums[4], int8_t *y, int32_t channels, const float scales[2], const nanoc_packed_params *p, int32_t fraction) {
  const int32_t zero = p->y_zero;
  const int32_t low = p->low;
  const int32_t high = p->high;
  for (int32_t channel = 0; channel < 2; channel++, y++, sums += 2) {
    const float scale = scales[channel];
    const int32_t m = nanoc_packed_multiplier(scale, fraction);
    y[0] = (int8_t)nanoc_packed_exact(sums[0], scale, m, fraction, zero, low, high);
    y[channels] = (int8_t)nanoc_packed_exact(sums[1], scale, m, fraction, zero, low, high);
  }
}

/** Clamps n bytes to [low, high], for activations whose bounds are not those of int8. */
static inline void nanoc_packed_clamp(int8_t *y, int32_t n, int32_t low, int32_t high) {
  for (int32_t i = 0; i < n; i++) {
    y[i] = (int8_t)nanoc_clamp(y[i], low, high);
  }
}

typedef struct {
  int32_t inner;       /* a multiple of four */
  int32_t flush;       /* weights between two partings of the halves: 4 or 2 */
  int32_t group_words; /* 4: Armv7-M, 5: Armv6-M */
  int32_t surplus;     /* bytes of the numbers in the lists of surplus weights; 0: there are none */
} nanoc_packed_shape;

/* Byte i of words, the lowest of a word first. */
static inline uint32_t nanoc_packed_byte(const uint32_t *w, int32_t i) {
  return (w[i / 4] >> (8 * (i % 4))) & 0xFFu;
}

/* Number i of one or two bytes. */
static inline uint32_t nanoc_packed_number(const uint32_t *w, int32_t i, int32_t size) {
  return size == 1 ? nanoc_packed_byte(w, i) : (w[i / 2] >> (16 * (i % 2))) & 0xFFFFu;
}

/* Parts the halves of v: adds it whole to sums[0] and its upper half to sums[1]. */
static inline void nanoc_packed_part(uint32_t v, uint32_t sums[2]) {
  sums[0] += v;
  sums[1] += (uint32_t)((int32_t)v >> 16);
}

/* What a byte of weights is multiplied as; `whole`: 128 more than the weight, for which x has a correction. */
static inline uint32_t nanoc_packed_weight(uint32_t byte, int whole, int32_t group_words) {
  if (whole) {
    return byte;
  }
  return group_words == 5 ? byte - 128u : (byte ^ 0x80u) - 0x80u;
}

/* Both pixels' sums of one channel, not yet parted; w: its words of weights are every other one. */
static inline void nanoc_packed_channel(const uint32_t *x, const uint32_t *w, const nanoc_packed_shape *shape, uint32_t sums[2]) {
  for (int32_t k = 0; k < shape->inner; k += 4, x += shape->group_words, w += 2) {
    const int whole = shape->group_words == 5 && shape->flush == 4;
    uint32_t v = whole ? x[4] : 0x8000u;
    for (int32_t i = 0; i < 4; i++) {
      const uint32_t byte = nanoc_packed_byte(w, i);
      v += x[i] * nanoc_packed_weight(byte, whole, shape->group_words);
      if (i % shape->flush == shape->flush - 1) {
        nanoc_packed_part(v, sums);
        v = 0x8000u;
      }
    }
  }
}

/* The surplus weights of both channels; returns what is behind them. */
static inline const uint32_t *nanoc_packed_surplus(const uint32_t *x, const uint32_t *w, int32_t size, uint32_t sums[4]) {
  const uint32_t counts[2] = {nanoc_packed_number(w, 0, size), nanoc_packed_number(w, 1, size)};
  int32_t at = 2;
  for (int32_t c = 0; c < 2; c++) {
    uint32_t v = 0x8000u;
    for (uint32_t i = 0; i < counts[c]; i++, at += 2) {
      const uint32_t position = nanoc_packed_number(w, at, size) / (size == 1 ? 1u : 4u);
      const uint32_t number = nanoc_packed_number(w, at + 1, size);
      const uint32_t sign = size == 1 ? 0x80u : 0x8000u;
      v += x[position] * ((number ^ sign) - sign);
    }
    nanoc_packed_part(v, sums + 2 * c);
    sums[2 * c] -= 0x8000u;
  }
  return w + (at * size + 3) / 4;
}

/* Sums of channel 0 (pixels 0 and 1) and channel 1; returns the words behind the weights. */
static inline const uint32_t *nanoc_packed_pair(const uint32_t *x, const uint32_t *w, const nanoc_packed_shape *shape, uint32_t sums[4]) {
  const uint32_t partings = (uint32_t)(shape->inner / shape->flush) << 15;
  for (int32_t c = 0; c < 2; c++) {
    sums[2 * c + 1] = w[c] + partings;
    sums[2 * c] = w[c] + (sums[2 * c + 1] << 16);
    nanoc_packed_channel(x, w + 2 + c, shape, sums + 2 * c);
  }
  w += 2 + shape->inner / 2;
  if (shape->surplus != 0) {
    w = nanoc_packed_surplus(x, w, shape->surplus, sums);
  }
  sums[0] -= sums[1] << 16;
  sums[2] -= sums[3] << 16;
  return w;
}

/** C twin of the generated nanoc_gemm_*_sums_*. */
static inline void nanoc_packed_sums(const uint32_t *x, const uint32_t *w, const uint32_t *w_end, const nanoc_packed_shape *shape, int32_t *to) {
  for (; w != w_end; to += 4) {
    uint32_t sums[4];
    w = nanoc_packed_pair(x, w, shape, sums);
    (void)memcpy(to, sums, sizeof sums);
  }
}

/* SMULL, ADD, SSAT. */
static inline int8_t nanoc_packed_high(uint32_t sum, uint32_t m, uint32_t c, int32_t shift, int32_t offset) {
  const int64_t product = (int64_t)(int32_t)sum * (int32_t)m;
  const int32_t word = (int32_t)(uint32_t)((uint64_t)(product >> 32) + c);
  return (int8_t)nanoc_clamp((word >> shift) - offset, -128, 127);
}

/** C twin of the generated nanoc_gemm_v7m_*_fixed*. */
static inline void nanoc_packed_fixed(const uint32_t *x, const uint32_t *w, const uint32_t *w_end, const nanoc_packed_shape *shape, int8_t *y, int32_t channels, int32_t shift) {
  for (; w != w_end; y += 2) {
    uint32_t sums[4];
    w = nanoc_packed_pair(x, w, shape, sums);
    for (int32_t i = 0; i < 4; i++) {
      y[i / 2 + (i % 2) * channels] = nanoc_packed_high(sums[i], w[i / 2 * 2], w[i / 2 * 2 + 1], shift, 0);
    }
    w += 4;
  }
}

/** C twin of the generated nanoc_gemm_v6m_*_long*. */
static inline void nanoc_packed_long(const uint32_t *x, const uint32_t *w, const uint32_t *w_end, const nanoc_packed_shape *shape, int8_t *y, int32_t channels, int32_t shift) {
  for (; w != w_end; y += 2) {
    uint32_t sums[4];
    w = nanoc_packed_pair(x, w, shape, sums);
    for (int32_t i = 0; i < 4; i++) {
      y[i / 2 + (i % 2) * channels] = nanoc_packed_high(sums[i], w[i / 2 * 2], w[i / 2 * 2 + 1], shift, 128);
    }
    w += 4;
  }
}

/** C twin of the generated nanoc_gemm_v6m_*_short*. */
static inline void nanoc_packed_short(const uint32_t *x, const uint32_t *w, const uint32_t *w_end, const nanoc_packed_shape *shape, int8_t *y, int32_t channels, int32_t fraction, int32_t shift) {
  for (; w != w_end; y += 2) {
    uint32_t sums[4];
    w = nanoc_packed_pair(x, w, shape, sums);
    for (int32_t i = 0; i < 4; i++) {
      const uint32_t *m = w + i / 2 * 2;
      y[i / 2 + (i % 2) * channels] = nanoc_v6m_requantize((int32_t)sums[i], m[0], (int32_t)m[1], fraction, shift, 128);
    }
    w += 4;
  }
}

/**
 * Fully connected layers with one row. Each group of inputs has a word 2^15 - 0x00800080 * their sum, which takes out that weights are
 * 128 too high. Wide inputs are words, x[k] and x[k + 1] - 256 * x[k] in turn: these two times a word of weights and its odd bytes are
 * both products. Stream of four channels, in words:
 *   starts of pair 0, c0 + 2^16 * c1 less 2^15 for each group, and c1; the same of pair 1;
 *   for each group the weights of two inputs k, k + 1 of both pairs in turn (wide: all of pair 0, then of pair 1), the bytes c0 k, c0 k + 1,
 *     c1 k, c1 k + 1, each 128 more than the weight;
 *   where the layer has surplus weights: four lengths in a word, then numbers of one or two bytes, the position of the input and the
 *     weight of each entry, filled up to a word;
 *   where the four are requantized here: `fixed` four multipliers, four addends; `short` for each channel multipliers and addend.
 */
typedef struct {
  int32_t inner;
  int32_t flush;   /* inputs of a group, even */
  int32_t surplus; /* bytes of the numbers in the lists of surplus weights; 0: there are none */
} nanoc_packed_row;

/* The word before the inputs [start, end). */
static inline uint32_t nanoc_packed_group(const int8_t *x, int32_t start, int32_t end) {
  int32_t sum = 0;
  for (int32_t k = start; k < end; k++) {
    sum += x[k];
  }
  return 0x8000u - (uint32_t)sum * 0x00800080u;
}

/** Writes the word of each group. */
static inline void nanoc_packed_groups(const int8_t *x, uint32_t *to, int32_t inner, int32_t flush) {
  for (int32_t start = 0; start < inner; start += flush) {
    const int32_t end = start + flush < inner ? start + flush : inner;
    *to++ = nanoc_packed_group(x, start, end);
  }
}

/** Writes `inner` wide inputs. */
static inline void nanoc_packed_widen_row(const int8_t *x, uint32_t *to, int32_t inner) {
  for (int32_t k = 0; k + 1 < inner; k += 2) {
    to[k] = (uint32_t)(int32_t)x[k];
    to[k + 1] = (uint32_t)(int32_t)x[k + 1] - (to[k] << 8);
  }
  if (inner % 2 != 0) {
    to[inner - 1] = (uint32_t)(int32_t)x[inner - 1];
  }
}

/** Requantizes the sums of four channels that no multiplier serves. */
static inline void nanoc_packed_row_finish(const int32_t sums[4], int8_t *y, const float scales[4], const nanoc_packed_params *p, int32_t fraction) {
  const int32_t zero = p->y_zero;
  const int32_t low = p->low;
  const int32_t high = p->high;
  for (int32_t c = 0; c < 4; c++) {
    const int32_t m = nanoc_packed_multiplier(scales[c], fraction);
    y[c] = (int8_t)nanoc_packed_exact(sums[c], scales[c], m, fraction, zero, low, high);
  }
}

/* Adds a group of one pair; w: every `step`th word is of this pair. */
static inline uint32_t nanoc_packed_products(const int8_t *x, const uint32_t *w, int32_t step, int32_t start, int32_t end) {
  uint32_t v = 0;
  for (int32_t k = start; k < end; k++) {
    v += (uint32_t)(int32_t)x[k] * ((w[(k - start) / 2 * step] >> (8 * (k % 2))) & 0x00FF00FFu);
  }
  return v;
}

/* The same from wide inputs. */
static inline uint32_t nanoc_packed_wide_products(const uint32_t *wide, const uint32_t *w, int32_t start, int32_t end) {
  uint32_t v = 0;
  for (int32_t k = start; k < end; k += 2, w++) {
    v += wide[k] * *w;
    if (k + 1 < end) {
      v += wide[k + 1] * ((*w >> 8) & 0x00FF00FFu);
    }
  }
  return v;
}

/* Sums of four channels; returns the words behind the weights. groups: NULL where their words are made on the way. wide: or NULL. */
static inline const uint32_t *nanoc_packed_four(const int8_t *x, const uint32_t *w, const uint32_t *groups, const uint32_t *wide, const nanoc_packed_row *row, uint32_t sums[4]) {
  (void)memcpy(sums, w, 4 * sizeof *sums);
  w += 4;
  for (int32_t start = 0; start < row->inner; start += row->flush) {
    const int32_t end = start + row->flush < row->inner ? start + row->flush : row->inner;
    const int32_t words = (end - start + 1) / 2;
    const uint32_t first = groups == NULL ? nanoc_packed_group(x, start, end) : *groups++;
    for (int32_t pair = 0; pair < 2; pair++) {
      const uint32_t v = wide != NULL ? nanoc_packed_wide_products(wide, w + pair * words, start, end)
                                      : nanoc_packed_products(x, w + pair, 2, start, end);
      nanoc_packed_part(first + v, sums + 2 * pair);
    }
    w += 2 * words;
  }
  sums[0] -= sums[1] << 16;
  sums[2] -= sums[3] << 16;
  if (row->surplus == 0) {
    return w;
  }
  const uint32_t counts = *w++;
  int32_t at = 0;
  for (int32_t c = 0; c < 4; c++) {
    for (uint32_t i = 0; i < nanoc_packed_byte(&counts, c); i++, at += 2) {
      const uint32_t position = nanoc_packed_number(w, at, row->surplus);
      const uint32_t sign = row->surplus == 1 ? 0x80u : 0x8000u;
      const uint32_t weight = (nanoc_packed_number(w, at + 1, row->surplus) ^ sign) - sign;
      const uint32_t input = (uint32_t)(int32_t)x[position];
      sums[c] += weight * input;
    }
  }
  return w + (at * row->surplus + 3) / 4;
}

/** C twin of the generated nanoc_dot_*_sums. */
static inline void nanoc_packed_row_sums(const int8_t *x, const uint32_t *w, const uint32_t *w_end, const uint32_t *groups, const uint32_t *wide, const nanoc_packed_row *row, int32_t *to) {
  for (; w != w_end; to += 4) {
    uint32_t sums[4];
    w = nanoc_packed_four(x, w, groups, wide, row, sums);
    (void)memcpy(to, sums, sizeof sums);
  }
}

/** C twin of the generated nanoc_dot_v7m_*_fixed*. */
static inline void nanoc_packed_row_fixed(const int8_t *x, const uint32_t *w, const uint32_t *w_end, const uint32_t *groups, const uint32_t *wide, const nanoc_packed_row *row, int8_t *y, int32_t shift) {
  for (; w != w_end; y += 4) {
    uint32_t sums[4];
    w = nanoc_packed_four(x, w, groups, wide, row, sums);
    for (int32_t c = 0; c < 4; c++) {
      y[c] = nanoc_packed_high(sums[c], w[c], w[4 + c], shift, 0);
    }
    w += 8;
  }
}

/** C twin of the generated nanoc_dot_v6m_*_short*. */
static inline void nanoc_packed_row_short(const int8_t *x, const uint32_t *w, const uint32_t *w_end, const uint32_t *groups, const uint32_t *wide, const nanoc_packed_row *row, int8_t *y, int32_t fraction, int32_t shift) {
  for (; w != w_end; y += 4) {
    uint32_t sums[4];
    w = nanoc_packed_four(x, w, groups, wide, row, sums);
    for (int32_t c = 0; c < 4; c++) {
      y[c] = nanoc_v6m_requantize((int32_t)sums[c], w[2 * c], (int32_t)w[2 * c + 1], fraction, shift, 128);
    }
    w += 8;
  }
}

#endif
