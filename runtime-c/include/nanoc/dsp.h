/*
 * Kernels for cores with the DSP extension and an FPU (Armv7E-M, Armv8-M Mainline), and the plain C twin of each, which runs
 * elsewhere from the same data. Layouts:
 *
 * Wide inputs, two pixels: for each four inputs k..k+3 four words of two halfwords:
 *   pixel 0 (k, k+2), pixel 0 (k+1, k+3), pixel 1 (k, k+2), pixel 1 (k+1, k+3).
 * Stream of a pair of channels, in words:
 *   S0 start, 256 * S1 + S0 start; for each four inputs (k, k+2) and (k+1, k+3), a halfword being 256 * w1 + w0;
 *   then for fixed-point requantization m0, m1, c0, c1; for the exact one scale0 and scale1 / 256 as floats.
 * Stream of four channels: the starts of both pairs; for each eight inputs four words of the first pair, four of the second
 *   (a last four inputs: two and two); then m0..m3, c0..c3, or scale0, scale1 / 256, scale2, scale3 / 256.
 */
#ifndef NANOC_DSP_H
#define NANOC_DSP_H

#include <string.h>

#include "nanoc/requantize.h"

#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP) && defined(__thumb2__)
#define NANOC_DSP_ASSEMBLY 1
#else
#define NANOC_DSP_ASSEMBLY 0
#endif

typedef struct {
  int32_t x_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const uint32_t *stream;
  const int32_t *segments; /* four numbers each: 1 if exact, first channel, first word, end word */
  int32_t segment_count;
} nanoc_dsp_params;

/** Widens 4 * groups bytes of two pixels. a and b may lie anywhere, `to` on a word. */
static inline void nanoc_dsp_widen2(const int8_t *a, const int8_t *b, uint32_t *to, int32_t groups) {
#if NANOC_DSP_ASSEMBLY
#define NANOC_DSP_WIDEN_GROUP                                                                                             \
  "ldr %[p], [%[a]], #4\n ldr %[q], [%[b]], #4\n sxtb16 %[r], %[p]\n sxtb16 %[p], %[p], ror #8\n"                         \
  " strd %[r], %[p], [%[to]], #8\n sxtb16 %[r], %[q]\n sxtb16 %[q], %[q], ror #8\n strd %[r], %[q], [%[to]], #8\n"
  uint32_t p;
  uint32_t q;
  uint32_t r;
  for (; groups >= 4; groups -= 4) {
    __asm__ volatile(NANOC_DSP_WIDEN_GROUP NANOC_DSP_WIDEN_GROUP NANOC_DSP_WIDEN_GROUP NANOC_DSP_WIDEN_GROUP
                     : [a] "+r"(a), [b] "+r"(b), [to] "+r"(to), [p] "=&r"(p), [q] "=&r"(q), [r] "=&r"(r)
                     :
                     : "memory");
  }
  for (; groups > 0; groups--) {
    __asm__ volatile(NANOC_DSP_WIDEN_GROUP
                     : [a] "+r"(a), [b] "+r"(b), [to] "+r"(to), [p] "=&r"(p), [q] "=&r"(q), [r] "=&r"(r)
                     :
                     : "memory");
  }
#undef NANOC_DSP_WIDEN_GROUP
#else
  for (; groups > 0; groups--, a += 4, b += 4, to += 4) {
    to[0] = (uint32_t)(uint16_t)a[0] | ((uint32_t)(uint16_t)a[2] << 16);
    to[1] = (uint32_t)(uint16_t)a[1] | ((uint32_t)(uint16_t)a[3] << 16);
    to[2] = (uint32_t)(uint16_t)b[0] | ((uint32_t)(uint16_t)b[2] << 16);
    to[3] = (uint32_t)(uint16_t)b[1] | ((uint32_t)(uint16_t)b[3] << 16);
  }
#endif
}

/** Widens 4 * groups bytes of one of two pixels: two words of every four. */
static inline void nanoc_dsp_widen_one(const int8_t *x, uint32_t *to, int32_t groups) {
#if NANOC_DSP_ASSEMBLY
#define NANOC_DSP_WIDEN_GROUP                                                                                             \
  "ldr %[p], [%[x]], #4\n sxtb16 %[q], %[p]\n sxtb16 %[p], %[p], ror #8\n strd %[q], %[p], [%[to]], #16\n"
  for (; groups >= 4; groups -= 4) {
    uint32_t p;
    uint32_t q;
    __asm__ volatile(NANOC_DSP_WIDEN_GROUP NANOC_DSP_WIDEN_GROUP NANOC_DSP_WIDEN_GROUP NANOC_DSP_WIDEN_GROUP
                     : [x] "+r"(x), [to] "+r"(to), [p] "=&r"(p), [q] "=&r"(q)
                     :
                     : "memory");
  }
#undef NANOC_DSP_WIDEN_GROUP
  for (; groups > 0; groups--, x += 4, to += 4) {
    uint32_t bytes;
    (void)memcpy(&bytes, x, sizeof bytes);
    __asm__("sxtb16 %0, %1" : "=r"(to[0]) : "r"(bytes));
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(to[1]) : "r"(bytes));
  }
#else
  for (; groups > 0; groups--, x += 4, to += 4) {
    to[0] = (uint32_t)(uint16_t)x[0] | ((uint32_t)(uint16_t)x[2] << 16);
    to[1] = (uint32_t)(uint16_t)x[1] | ((uint32_t)(uint16_t)x[3] << 16);
  }
#endif
}

/** Sets 4 * groups inputs of one of two pixels to `value`. */
static inline void nanoc_dsp_fill_one(uint32_t *to, int32_t value, int32_t groups) {
  const uint32_t both = (uint32_t)(uint16_t)value * 0x00010001u;
  for (; groups > 0; groups--, to += 4) {
    to[0] = both;
    to[1] = both;
  }
}

typedef struct {
  int32_t in_h;
  int32_t in_w;
  int32_t in_c;
  int32_t kernel_h;
  int32_t kernel_w;
} nanoc_dsp_window_shape;

/**
 * Widens the window of one of two pixels, with the zero point of x for what is outside the image; it starts at row iy and column ix.
 * x: [in_h][in_w][in_c], in_c a multiple of four. wide: two words of every four, kernel_h * kernel_w * in_c words in all.
 */
void nanoc_widen_border_dsp(const int8_t *x, int32_t iy, int32_t ix, uint32_t *wide, int32_t zero, const nanoc_dsp_window_shape *shape);

/**
 * Depthwise 3x3. Strips: for each of four channels words of two vertically adjacent inputs less their zero point; strip a
 * holds rows r and r + 1, strip b rows r + 2 and r + 3; for speed their words take turns in one strip. Weights in flash, five words a
 * channel: bytes (w0, w1, w1, w2) of the three columns, 2^-32 multiplier or scale / 256, start of the sum times 256. Expanded, also in
 * flash for speed, ten words: (w0, w1) * 256 of the three columns, (w1, w2) * 256 of the three, multiplier or zero point of y, start, start, scale / 256. A tile that is not written into the image is [2 rows][columns][4].
 */
typedef struct {
  uint32_t x_zeros;     /* the zero point of x in four bytes */
  uint32_t minus_zeros; /* its negative in two halfwords */
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const uint32_t *weights;
  const int8_t *exact; /* for each four channels 1 if they are requantized in float; NULL: none is */
} nanoc_dsp_depthwise_params;

/** Expands the weights of four channels. */
static inline void nanoc_dsp_depthwise_expand(const uint32_t *packed, uint32_t *w, int32_t exact, int32_t y_zero) {
  for (int32_t channel = 0; channel < 4; channel++, packed += 5, w += 10) {
    for (int32_t k = 0; k < 3; k++) {
      w[k] = (packed[k] & 0x00FF00FFu) << 8;
      w[3 + k] = packed[k] & 0xFF00FF00u;
    }
    w[6] = exact != 0 ? (uint32_t)y_zero : packed[3];
    w[7] = packed[4];
    w[8] = packed[4];
    w[9] = packed[3];
  }
}

/** Widens `columns` words of two rows, `*_step` bytes apart, into four strips `pitch` words apart, `step` words a column. */
static inline void nanoc_dsp_widen_rows(const int8_t *top, int32_t top_step, const int8_t *bottom, int32_t bottom_step, uint32_t *strip, int32_t columns, int32_t step, int32_t pitch, uint32_t minus_zeros) {
  for (int32_t column = 0; column < columns; column++, strip += step, top += top_step, bottom += bottom_step) {
#if NANOC_DSP_ASSEMBLY
    uint32_t t;
    uint32_t b;
    uint32_t low;
    uint32_t other;
    __asm__ volatile("ldr %[t], [%[top]]\n ldr %[b], [%[bottom]]\n"
                     "pkhbt %[low], %[t], %[b], lsl #16\n pkhtb %[t], %[b], %[t], asr #16\n"
                     "sxtab16 %[b], %[zeros], %[low]\n sxtab16 %[low], %[zeros], %[low], ror #8\n"
                     "sxtab16 %[other], %[zeros], %[t]\n sxtab16 %[t], %[zeros], %[t], ror #8\n"
                     : [t] "=&r"(t), [b] "=&r"(b), [low] "=&r"(low), [other] "=&r"(other)
                     : [top] "r"(top), [bottom] "r"(bottom), [zeros] "r"(minus_zeros)
                     : "memory");
    strip[0] = b;
    strip[pitch] = low;
    strip[2 * pitch] = other;
    strip[3 * pitch] = t;
#else
    for (int32_t channel = 0; channel < 4; channel++) {
      const uint32_t t = (uint32_t)(uint16_t)(int16_t)(top[channel] + (int16_t)(uint16_t)minus_zeros);
      const uint32_t b = (uint32_t)(uint16_t)(int16_t)(bottom[channel] + (int16_t)(uint16_t)minus_zeros);
      strip[channel * pitch] = t | (b << 16);
    }
#endif
  }
}

/**
 * Depthwise convolution of any window. Words of four channels in flash: starts (256 times the sum's), then for each two taps t, u
 * the bytes (c0 t, c1 t, c0 u, c1 u) and (c2 t, c3 t, c2 u, c3 u), then multipliers or scales / 256. Expanded: starts, for each two
 * taps (t, u) * 256 of c0, c1, c2, c3, multipliers or scales. A last single tap has 0 for u.
 */
typedef struct {
  uint32_t x_zeros; /* the zero point of x in four bytes */
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const uint32_t *weights;
  const int8_t *exact; /* for each four channels 1 if they are requantized in float; NULL: none is */
} nanoc_dsp_window_params;

static inline void nanoc_dsp_window_expand(const uint32_t *packed, uint32_t *w, int32_t pairs) {
  (void)memcpy(w, packed, 4 * sizeof *w);
  packed += 4;
  w += 4;
  for (int32_t i = 0; i < pairs; i++, packed += 2, w += 4) {
    w[0] = (packed[0] & 0x00FF00FFu) << 8;
    w[1] = packed[0] & 0xFF00FF00u;
    w[2] = (packed[1] & 0x00FF00FFu) << 8;
    w[3] = packed[1] & 0xFF00FF00u;
  }
  (void)memcpy(w, packed, 4 * sizeof *w);
}

/** Copies one row of a tile to its pixels, `step` bytes apart. */
static inline void nanoc_dsp_place(const int8_t *tile, int8_t *y, int32_t columns, int32_t step) {
  for (int32_t column = 0; column < columns; column++) {
    (void)memcpy(y + column * step, tile + 4 * column, 4);
  }
}

/** Widens 4 * groups bytes of one row: for each four inputs (k, k+2) and (k+1, k+3). `to` on a word. */
static inline void nanoc_dsp_widen1(const int8_t *x, uint32_t *to, int32_t groups) {
  for (; groups > 0; groups--) {
#if NANOC_DSP_ASSEMBLY
    uint32_t p;
    uint32_t q;
    __asm__ volatile("ldr %[p], [%[x]], #4\n sxtb16 %[q], %[p]\n sxtb16 %[p], %[p], ror #8\n strd %[q], %[p], [%[to]], #8\n"
                     : [x] "+r"(x), [to] "+r"(to), [p] "=&r"(p), [q] "=&r"(q)
                     :
                     : "memory");
#else
    to[0] = (uint32_t)(uint16_t)x[0] | ((uint32_t)(uint16_t)x[2] << 16);
    to[1] = (uint32_t)(uint16_t)x[1] | ((uint32_t)(uint16_t)x[3] << 16);
    x += 4;
    to += 2;
#endif
  }
}

/* Sets `lanes` halfwords, four in two words, so that they add up to `sum`; the next four stand `step` words on. */
static inline void nanoc_dsp_spread(int32_t sum, uint32_t *to, int32_t lanes, int32_t step) {
  const int32_t share = sum / lanes;
  const uint32_t both = (uint32_t)(uint16_t)share | ((uint32_t)share << 16);
  for (int32_t lane = 0; lane < lanes; lane += 4, to += step) {
    to[0] = both;
    to[1] = both;
  }
  const int32_t last = sum - (lanes - 1) * share;
  to[1 - step] = (uint32_t)(uint16_t)share | ((uint32_t)last << 16);
}

/* Adds the halfwords of four words for each four of `inner` inputs: words 0 and 1 to sums[0], words 2 and 3 to sums[1]. */
static inline void nanoc_dsp_sum_words(const uint32_t *wide, int32_t groups, int32_t sums[2]) {
#if NANOC_DSP_ASSEMBLY
#define NANOC_DSP_SUM_GROUP                                                                                               \
  "ldm %[x]!, {r4, r5, r6, r8}\n smlad %[a], r4, %[ones], %[a]\n smlad %[a], r5, %[ones], %[a]\n"                         \
  " smlad %[b], r6, %[ones], %[b]\n smlad %[b], r8, %[ones], %[b]\n"
  int32_t a = 0;
  int32_t b = 0;
  const uint32_t ones = 0x00010001u;
  for (; groups >= 4; groups -= 4) {
    __asm__ volatile(NANOC_DSP_SUM_GROUP NANOC_DSP_SUM_GROUP NANOC_DSP_SUM_GROUP NANOC_DSP_SUM_GROUP
                     : [x] "+r"(wide), [a] "+r"(a), [b] "+r"(b)
                     : [ones] "r"(ones)
                     : "r4", "r5", "r6", "r8", "memory");
  }
  for (; groups > 0; groups--) {
    __asm__ volatile(NANOC_DSP_SUM_GROUP
                     : [x] "+r"(wide), [a] "+r"(a), [b] "+r"(b)
                     : [ones] "r"(ones)
                     : "r4", "r5", "r6", "r8", "memory");
  }
#undef NANOC_DSP_SUM_GROUP
  sums[0] = a;
  sums[1] = b;
#else
  sums[0] = 0;
  sums[1] = 0;
  for (; groups > 0; groups--, wide += 4) {
    for (int32_t i = 0; i < 4; i++) {
      sums[i / 2] += (int16_t)(uint16_t)wide[i] + (int16_t)(uint16_t)(wide[i] >> 16);
    }
  }
#endif
}

/**
 * Weights with a zero point: behind the wide inputs of two pixels come `lanes` more, a multiple of four, that add up to the sum of
 * the pixel's inputs, with the negative zero point as weight. They hold sums to 130000 for each four.
 */
static inline void nanoc_dsp_append_sums2(uint32_t *wide, int32_t inner, int32_t lanes) {
  int32_t sums[2];
  nanoc_dsp_sum_words(wide, inner / 4, sums);
  nanoc_dsp_spread(sums[0], wide + inner, lanes, 4);
  nanoc_dsp_spread(sums[1], wide + inner + 2, lanes, 4);
}

/** The same for the wide inputs of one row; inner is a multiple of four. */
static inline void nanoc_dsp_append_sum1(uint32_t *wide, int32_t inner, int32_t lanes) {
  int32_t sums[2];
  nanoc_dsp_sum_words(wide, inner / 8, sums);
  int32_t sum = sums[0] + sums[1];
  if (inner % 8 != 0) {
    for (int32_t i = inner / 2 - 2; i < inner / 2; i++) {
      sum += (int16_t)(uint16_t)wide[i] + (int16_t)(uint16_t)(wide[i] >> 16);
    }
  }
  nanoc_dsp_spread(sum, wide + inner / 2, lanes, 2);
}

/** Clamps n bytes to [low, high], for activations whose bounds are not those of int8. */
static inline void nanoc_dsp_clamp(int8_t *y, int32_t n, int32_t low, int32_t high) {
  for (int32_t i = 0; i < n; i++) {
    y[i] = (int8_t)nanoc_clamp(y[i], low, high);
  }
}

#if !NANOC_DSP_ASSEMBLY

/* SMLAD: sum + low * low + high * high, modulo 2^32. */
static inline uint32_t nanoc_dsp_smlad(uint32_t x, uint32_t w, uint32_t sum) {
  const int32_t low = (int32_t)(int16_t)(uint16_t)x * (int16_t)(uint16_t)w;
  const int32_t high = (int32_t)(int16_t)(uint16_t)(x >> 16) * (int16_t)(uint16_t)(w >> 16);
  return sum + (uint32_t)low + (uint32_t)high;
}

/* SXTB16: the low byte of each halfword, sign extended. */
static inline uint32_t nanoc_dsp_sxtb16(uint32_t x) {
  return (uint32_t)(uint16_t)(int8_t)(uint8_t)x | ((uint32_t)(uint16_t)(int8_t)(uint8_t)(x >> 16) << 16);
}

/* SMMLA, ASR, SSAT. */
static inline int8_t nanoc_dsp_fixed(uint32_t sum, uint32_t m, uint32_t c, int32_t shift) {
  const int64_t product = (int64_t)(int32_t)sum * (int32_t)m;
  const int32_t word = (int32_t)(uint32_t)((uint64_t)(product >> 32) + c);
  return (int8_t)nanoc_clamp(word >> shift, -128, 127);
}

static inline const uint32_t *nanoc_dsp_pair(const uint32_t *x, const uint32_t *w, uint32_t sums[4], int32_t inner) {
  sums[0] = w[0];
  sums[1] = w[0];
  sums[2] = w[1];
  sums[3] = w[1];
  w += 2;
  for (int32_t k = 0; k < inner; k += 4, x += 4, w += 2) {
    for (int32_t half = 0; half < 2; half++) {
      for (int32_t pixel = 0; pixel < 2; pixel++) {
        sums[pixel] = nanoc_dsp_smlad(x[2 * pixel + half], nanoc_dsp_sxtb16(w[half]), sums[pixel]);
        sums[2 + pixel] = nanoc_dsp_smlad(x[2 * pixel + half], w[half], sums[2 + pixel]);
      }
    }
  }
  sums[2] -= sums[0];
  sums[3] -= sums[1];
  return w;
}

/** C twin of the generated nanoc_gemm_dsp_*_shift*. */
static inline void nanoc_dsp_gemm_fixed(const uint32_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t channels, int32_t shift) {
  while (w != w_end) {
    uint32_t sums[4];
    w = nanoc_dsp_pair(x, w, sums, inner);
    for (int32_t pixel = 0; pixel < 2; pixel++) {
      y[pixel * channels] = nanoc_dsp_fixed(sums[pixel], w[0], w[2], shift);
      y[pixel * channels + 1] = nanoc_dsp_fixed(sums[2 + pixel], w[1], w[3], shift + 8);
    }
    w += 4;
    y += 2;
  }
}

/** C twin of the generated nanoc_gemm_dsp_*_exact. */
static inline void nanoc_dsp_gemm_exact(const uint32_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t zero, int32_t inner, int32_t channels) {
  while (w != w_end) {
    uint32_t sums[4];
    float scale[2];
    w = nanoc_dsp_pair(x, w, sums, inner);
    memcpy(scale, w, sizeof scale);
    for (int32_t pixel = 0; pixel < 2; pixel++) {
      y[pixel * channels] = (int8_t)nanoc_round_clamp((float)(int32_t)sums[pixel] * scale[0], zero, -128, 127);
      y[pixel * channels + 1] = (int8_t)nanoc_round_clamp((float)(int32_t)sums[2 + pixel] * scale[1], zero, -128, 127);
    }
    w += 2;
    y += 2;
  }
}

/** Sums of two pairs of channels, inputs int8 or widened; sums[1] and sums[3] are 256 times theirs. */
static inline const uint32_t *nanoc_dsp_four(const void *x, const uint32_t *w, uint32_t sums[4], int32_t inner, int32_t is_wide) {
  const int8_t *narrow = (const int8_t *)x;
  const uint32_t *words = (const uint32_t *)x;
  for (int32_t c = 0; c < 4; c++) {
    sums[c] = w[c];
  }
  w += 4;
  for (int32_t start = 0; start < inner; start += 8) {
    const int32_t end = start + 8 < inner ? start + 8 : inner;
    for (int32_t c = 0; c < 4; c += 2) {
      for (int32_t k = start; k < end; k += 4, w += 2) {
        for (int32_t half = 0; half < 2; half++) {
          const uint32_t wide = is_wide != 0 ? words[k / 2 + half] : (uint32_t)(uint16_t)narrow[k + half] | ((uint32_t)(uint16_t)narrow[k + half + 2] << 16);
          sums[c] = nanoc_dsp_smlad(wide, nanoc_dsp_sxtb16(w[half]), sums[c]);
          sums[c + 1] = nanoc_dsp_smlad(wide, w[half], sums[c + 1]);
        }
      }
    }
  }
  sums[1] -= sums[0];
  sums[3] -= sums[2];
  return w;
}

/** C twin of the generated nanoc_dot_dsp_*_shift*. */
static inline void nanoc_dsp_dot_fixed(const void *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t is_wide, int32_t shift) {
  while (w != w_end) {
    uint32_t sums[4];
    w = nanoc_dsp_four(x, w, sums, inner, is_wide);
    for (int32_t c = 0; c < 4; c++) {
      *y++ = nanoc_dsp_fixed(sums[c], w[c], w[4 + c], (c & 1) == 0 ? shift : shift + 8);
    }
    w += 8;
  }
}

/** C twin of the generated nanoc_dot_dsp_*_exact. */
static inline void nanoc_dsp_dot_exact(const void *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t zero, int32_t inner, int32_t is_wide) {
  while (w != w_end) {
    uint32_t sums[4];
    float scale[4];
    w = nanoc_dsp_four(x, w, sums, inner, is_wide);
    memcpy(scale, w, sizeof scale);
    for (int32_t c = 0; c < 4; c++) {
      *y++ = (int8_t)nanoc_round_clamp((float)(int32_t)sums[c] * scale[c], zero, -128, 127);
    }
    w += 4;
  }
}

/** Sum of one output of a depthwise tile, 256 times itself; columns are `step` words apart. w: the expanded weights of its channel. */
static inline uint32_t nanoc_dsp_depthwise_sum(const uint32_t *a, const uint32_t *b, int32_t step, const uint32_t *w, int32_t row) {
  uint32_t sum = w[7];
  for (int32_t k = 0; k < 3; k++, a += step, b += step) {
    if (row == 0) {
      sum = nanoc_dsp_smlad(*b & 0xFFFFu, w[3 + k] >> 16, nanoc_dsp_smlad(*a, w[k], sum));
    } else {
      sum = nanoc_dsp_smlad(*b, w[3 + k], nanoc_dsp_smlad(*a >> 16, w[k] & 0xFFFFu, sum));
    }
  }
  return sum;
}

/** C twin of the generated nanoc_depthwise3_dsp_*_shift*. */
static inline void nanoc_dsp_depthwise_fixed(const uint32_t *a, const uint32_t *b, int32_t step, int32_t pitch, const uint32_t *w, int8_t *y, int32_t columns, int32_t rows, int32_t column_step, int32_t row_step, int32_t shift) {
  for (int32_t channel = 0; channel < 4; channel++, a += pitch, b += pitch, w += 10) {
    for (int32_t i = 0; i < rows * columns; i++) {
      const int32_t column = i % columns;
      const uint32_t sum = nanoc_dsp_depthwise_sum(a + step * column, b + step * column, step, w, i / columns);
      y[(i / columns) * row_step + column * column_step + channel] = nanoc_dsp_fixed(sum, w[6], 0, shift);
    }
  }
}

/** C twin of the generated nanoc_depthwise3_dsp_*_exact. */
static inline void nanoc_dsp_depthwise_exact(const uint32_t *a, const uint32_t *b, int32_t step, int32_t pitch, const uint32_t *w, int8_t *y, int32_t columns, int32_t rows, int32_t column_step, int32_t row_step) {
  for (int32_t channel = 0; channel < 4; channel++, a += pitch, b += pitch, w += 10) {
    float scale;
    memcpy(&scale, w + 9, sizeof scale);
    for (int32_t i = 0; i < rows * columns; i++) {
      const int32_t column = i % columns;
      const uint32_t sum = nanoc_dsp_depthwise_sum(a + step * column, b + step * column, step, w, i / columns);
      y[(i / columns) * row_step + column * column_step + channel] = (int8_t)nanoc_round_clamp((float)(int32_t)sum * scale, (int32_t)w[6], -128, 127);
    }
  }
}

/** Sums of four channels of one window, 256 times themselves; returns the multipliers or scales behind the weights. */
static inline const uint32_t *nanoc_dsp_window_sums(const int8_t *x, const uint32_t *w, const int32_t *offsets, int32_t taps, uint32_t sums[4]) {
  for (int32_t c = 0; c < 4; c++) {
    sums[c] = w[c];
  }
  w += 4;
  for (int32_t tap = 0; tap < taps; tap += 2, w += 4) {
    for (int32_t c = 0; c < 4; c++) {
      const int8_t second = tap + 1 < taps ? x[offsets[tap + 1] + c] : 0;
      const uint32_t wide = (uint32_t)(uint16_t)x[offsets[tap] + c] | ((uint32_t)(uint16_t)second << 16);
      sums[c] = nanoc_dsp_smlad(wide, w[c], sums[c]);
    }
  }
  return w;
}

/** C twin of the generated nanoc_taps_dsp_*_shift*. */
static inline void nanoc_dsp_window_fixed(const int8_t *x, int8_t *y, const uint32_t *w, int32_t count, const int32_t *offsets, int32_t taps, int32_t x_step, int32_t y_step, int32_t shift) {
  for (; count > 0; count--, x += x_step, y += y_step) {
    uint32_t sums[4];
    const uint32_t *m = nanoc_dsp_window_sums(x, w, offsets, taps, sums);
    for (int32_t c = 0; c < 4; c++) {
      y[c] = nanoc_dsp_fixed(sums[c], m[c], 0, shift);
    }
  }
}

/** C twin of the generated nanoc_taps_dsp_*_exact. */
static inline void nanoc_dsp_window_exact(const int8_t *x, int8_t *y, const uint32_t *w, int32_t count, const int32_t *offsets, int32_t taps, int32_t x_step, int32_t y_step, int32_t zero) {
  for (; count > 0; count--, x += x_step, y += y_step) {
    uint32_t sums[4];
    float scale[4];
    memcpy(scale, nanoc_dsp_window_sums(x, w, offsets, taps, sums), sizeof scale);
    for (int32_t c = 0; c < 4; c++) {
      y[c] = (int8_t)nanoc_round_clamp((float)(int32_t)sums[c] * scale[c], zero, -128, 127);
    }
  }
}

#endif

#endif
