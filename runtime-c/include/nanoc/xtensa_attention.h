/*
 * Attention over a cache for Xtensa cores with MAC16 (docs/KERNELS-XTENSA.md): what the generated nanoc_cached_attention_lx_* have in common.
 * Scores are kept as 127 - score, weights without their zero point.
 */
#ifndef NANOC_XTENSA_ATTENTION_H
#define NANOC_XTENSA_ATTENTION_H

#include "nanoc/cache.h"
#include "nanoc/xtensa.h"

/* Weights, of values that are 128 higher, whose sum stays within 16 bits: 255 * 257 = 65535. */
#define NANOC_LX_ROOM 257

/** Two numbers of 16 bits in a word. */
static inline uint32_t nanoc_lx_pair(int32_t low, int32_t high) {
  return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
}

/*
 * Both products of a word of keys and one of a query: FIRST starts a sum, NEXT adds to it. HOLD puts a word of a query into one of the registers m0 to
 * m3, which the C compiler does not use; HELD multiplies with it: m0 and m1 are on the left side of a product, m2 and m3 on the right one.
 */
#if NANOC_MAC16_ASSEMBLY

#define NANOC_LX_HOLD(m, q) __asm__ volatile("wsr.m" #m " %0" : : "a"(q))
#define NANOC_LX_HELD_FIRST(sum, x, m, q) \
  __asm__ volatile("mul.da.ll m" #m ", %1\n\tmula.da.hh m" #m ", %1" : "=A"(sum) : "a"(x))
#define NANOC_LX_HELD_NEXT(sum, x, m, q) NANOC_LX_HELD_##m(sum, x)
#define NANOC_LX_HELD_1(sum, x) __asm__ volatile("mula.da.ll m1, %1\n\tmula.da.hh m1, %1" : "+A"(sum) : "a"(x))
#define NANOC_LX_HELD_2(sum, x) __asm__ volatile("mula.ad.ll %1, m2\n\tmula.ad.hh %1, m2" : "+A"(sum) : "a"(x))
#define NANOC_LX_HELD_3(sum, x) __asm__ volatile("mula.ad.ll %1, m3\n\tmula.ad.hh %1, m3" : "+A"(sum) : "a"(x))
#define NANOC_LX_FIRST(sum, x, q) __asm__("mul.aa.ll %1, %2\n\tmula.aa.hh %1, %2" : "=A"(sum) : "a"(x), "a"(q))
#define NANOC_LX_NEXT(sum, x, q) __asm__("mula.aa.ll %1, %2\n\tmula.aa.hh %1, %2" : "+A"(sum) : "a"(x), "a"(q))

#else

#define NANOC_LX_HOLD(m, q) ((void)0)
#define NANOC_LX_HELD_FIRST(sum, x, m, q) NANOC_LX_FIRST(sum, x, q)
#define NANOC_LX_HELD_NEXT(sum, x, m, q) NANOC_LX_NEXT(sum, x, q)
#define NANOC_LX_FIRST(sum, x, q) ((sum) = (int32_t)nanoc_lx_product(x, q))
#define NANOC_LX_NEXT(sum, x, q) ((sum) += (int32_t)nanoc_lx_product(x, q))

#endif

/** Nearest integer to a weight over its scale, which params->weight_inverse is proven to give. */
static inline int32_t nanoc_lx_weight(float weight, const nanoc_cached_attention_s8_params *params) {
#if NANOC_MAC16_ASSEMBLY
  float quotient = weight * params->weight_inverse;
  int32_t rounded;
  __asm__("msub.s %0, %1, %2" : "+f"(weight) : "f"(params->weight_scale), "f"(quotient));
  __asm__("madd.s %0, %1, %2" : "+f"(quotient) : "f"(weight), "f"(params->weight_inverse));
  __asm__("round.s %0, %1, 0" : "=a"(rounded) : "f"(quotient));
  return rounded;
#else
  return nanoc_round_clamp(weight / params->weight_scale, 0, 0, 255);
#endif
}

/**
 * -1 less a score: clamp(offset + round_half_even(sum * minus_scale), -128, 127), as halves round to even on both sides of 0. The product is below 2^30.
 */
static inline int32_t nanoc_lx_near(int32_t sum, float minus_scale, int32_t offset) {
#if NANOC_MAC16_ASSEMBLY
  int32_t near;
  __asm__("round.s %0, %1, 0" : "=a"(near) : "f"((float)sum * minus_scale));
  __asm__("clamps %0, %1, 7" : "=a"(near) : "a"(near + offset));
  return near;
#else
  return -1 - nanoc_requantize_s8(sum, -minus_scale, -1 - offset);
#endif
}

/** Scores, every `step` bytes, become weights, whose sum is returned. nearest: of the largest score. */
static inline int32_t nanoc_lx_weigh(uint8_t *scores, int32_t step, int32_t count, int32_t nearest,
                                     const nanoc_cached_attention_s8_params *params) {
  /* Copies: a byte that is written could be one of the parameters, for all that the compiler knows. */
  const nanoc_cached_attention_s8_params own = *params;
  const uint8_t *const end = scores + step * count;
  const int32_t limit = nearest + own.cutoff; /* from here on there is no weight */
  const int32_t most = 127 - own.weight_zero;
  /* Where exp of a score would lie if the largest were 127. */
  const uintptr_t table = (uintptr_t)own.table - (uintptr_t)nearest * sizeof(float);
  float sum = 0.0f;
  for (const uint8_t *s = scores; s != end; s += step) {
    sum = sum + *(const float *)(table + *s * sizeof(float));
  }
  const float inverse = 1.0f / sum;
  int32_t total = 0;
  for (; scores != end; scores += step) {
    const int32_t near = *scores;
    int32_t weight = 0;
    if (near < limit) {
      weight = nanoc_lx_weight(*(const float *)(table + (uint32_t)near * sizeof(float)) * inverse, &own);
      weight = weight < most ? weight : most;
      total += weight;
    }
    *scores = (uint8_t)weight;
  }
  return total;
}

#endif
