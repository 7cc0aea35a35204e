/*
 * From int32 sums to bytes: clamp(y_zero + round_half_even((float)sum * scale)), docs/NUMERICS.md, profile `onnx`.
 * Its twin in the compiler is numerics/requantize.ts.
 */
#ifndef NANOC_REQUANTIZE_H
#define NANOC_REQUANTIZE_H

#include "nanoc/types.h"

/** How the sums of a layer become bytes. */
typedef struct {
  const float *scale; /* one for each channel, or a single one */
  int32_t scale_step; /* 1: scale[channel]; 0: scale[0] */
  int32_t y_zero;
  int32_t low;
  int32_t high;
} nanoc_output;

/** a + b modulo 2^32: what ONNX's int32 accumulator does, without undefined behaviour. */
static inline int32_t nanoc_add_wrap(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

/** sum + x * w modulo 2^32, for x and w of 9 bits. */
static inline int32_t nanoc_mac(int32_t sum, int32_t x, int32_t w) { return nanoc_add_wrap(sum, x * w); }

static inline int32_t nanoc_clamp(int32_t x, int32_t low, int32_t high) { return x < low ? low : x > high ? high : x; }

/** Nearest int8. */
static inline int32_t nanoc_saturate_s8(int32_t x) {
#if defined(__ARM_FEATURE_SAT)
  __asm__("ssat %0, #8, %0" : "+r"(x));
  return x;
#else
  return nanoc_clamp(x, -128, 127);
#endif
}

/** Nearest integer, ties to even; |x| at most 2^22. 1.5 * 2^23 pushes the fraction out of the mantissa. */
static inline int32_t nanoc_round(float x) {
  union {
    float f;
    int32_t i;
  } magic;
  magic.f = x + 12582912.0f;
  return magic.i - 0x4B400000;
}

/** 1 where VCVTR is there: rounds half to even, saturates to 32 bits, and makes 0 of NaN. */
#if NANOC_FPU && defined(__GNUC__) && defined(__ARM_FP) && defined(__thumb2__)
#define NANOC_VCVTR 1
#else
#define NANOC_VCVTR 0
#endif

#if NANOC_VCVTR

/** clamp(zero + round_half_even(x)) for any x; NaN gives clamp(zero). */
static inline int32_t nanoc_round_clamp(float x, int32_t zero, int32_t low, int32_t high) {
  union {
    float f;
    int32_t i;
  } rounded;
  __asm__("vcvtr.s32.f32 %0, %1" : "=t"(rounded.f) : "t"(x));
  return nanoc_clamp(rounded.i, low - zero, high - zero) + zero;
}

#elif NANOC_FPU

/** clamp(zero + round_half_even(x)) for any x; NaN gives clamp(zero), as numerics/requantize.ts `quantize`. |low - zero| and |high - zero| at most 2^22. */
static inline int32_t nanoc_round_clamp(float x, int32_t zero, int32_t low, int32_t high) {
  /* Bounding first is exact: the bounds are integers, and rounding is monotone. */
  const float bottom = (float)(low - zero);
  const float top = (float)(high - zero);
  if (x != x) {
    return nanoc_clamp(zero, low, high);
  }
  x = x < bottom ? bottom : x;
  x = x > top ? top : x;
  return nanoc_round(x) + zero;
}

#else

/** The same from the bits of x, without float arithmetic. */
static inline int32_t nanoc_round_clamp(float x, int32_t zero, int32_t low, int32_t high) {
  union {
    float f;
    uint32_t i;
  } bits;
  bits.f = x;
  const int32_t shift = 150 - (int32_t)((bits.i >> 23) & 0xFFu); /* |x| = mantissa * 2^-shift */
  const uint32_t mantissa = (bits.i & 0x7FFFFFu) | 0x800000u;
  int32_t magnitude = 0;
  if (shift < 1) { /* 2^23 and above, infinity, NaN */
    magnitude = shift == -105 && mantissa != 0x800000u ? 0 : 1 << 23;
  } else if (shift <= 24) {
    const uint32_t half = 1u << (shift - 1);
    const uint32_t odd = (mantissa >> shift) & 1u;
    magnitude = (int32_t)((mantissa + half - 1u + odd) >> shift);
  }
  return nanoc_clamp(((bits.i >> 31) != 0u ? -magnitude : magnitude) + zero, low, high);
}

#endif

/** The definition; in float arithmetic, by hardware or by the compiler's library. */
int32_t nanoc_requantize_exact(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high);

#if NANOC_FPU

#if NANOC_VCVTR

static inline int32_t nanoc_requantize(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  union {
    float f;
    int32_t i;
  } rounded;
  /* Half to even, and saturated to 32 bits: clamping afterwards is clamping before. */
  __asm__("vcvtr.s32.f32 %0, %1" : "=t"(rounded.f) : "t"((float)sum * scale));
  return nanoc_clamp(rounded.i, low - zero, high - zero) + zero;
}

#elif defined(__GNUC__) && defined(__XTENSA__)

static inline int32_t nanoc_requantize(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  int32_t rounded;
  /* Half to even, and saturated to 32 bits: clamping afterwards is clamping before. */
  __asm__("round.s %0, %1, 0" : "=a"(rounded) : "f"((float)sum * scale));
  return nanoc_clamp(rounded, low - zero, high - zero) + zero;
}

#else

static inline int32_t nanoc_requantize(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  const float bottom = (float)(low - zero);
  const float top = (float)(high - zero);
  float x = (float)sum * scale;
  x = x < bottom ? bottom : x;
  x = x > top ? top : x;
  union {
    float f;
    uint32_t i;
  } magic;
  /* nanoc_round, with its offset and the zero point in one addition. */
  magic.f = x + 12582912.0f;
  return (int32_t)(magic.i + ((uint32_t)zero - 0x4B400000u));
}

#endif

#else

/*
 * sum * scale in fixed point with 13 bits behind the point. The two roundings of the float form move a product below 512
 * by less than half of the last bit, so that only products next to a tie need the float form itself (one in 4,096).
 */
static inline int32_t nanoc_requantize(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  union {
    float f;
    uint32_t i;
  } bits;
  bits.f = scale;
  const int32_t shift = 150 - 13 - (int32_t)(bits.i >> 23); /* scale = mantissa * 2^-(shift + 13) */
  const int64_t product = (int64_t)sum * (int32_t)((bits.i & 0x7FFFFFu) | 0x800000u);
  if (shift <= 0 || shift > 56) {
    return nanoc_requantize_exact(sum, scale, zero, low, high);
  }
  const int64_t wide = product >> shift;
  if (wide >= (512 << 13)) {
    return high;
  }
  if (wide < -(512 << 13)) {
    return low;
  }
  const int32_t fixed = (int32_t)wide;
  if ((uint32_t)((fixed & 0x1FFF) - 0xFFF) < 2u) {
    return nanoc_requantize_exact(sum, scale, zero, low, high);
  }
  return nanoc_clamp(((fixed + 0x1000) >> 13) + zero, low, high);
}

#endif

/** One sum of channel `channel`. */
static inline int8_t nanoc_output_s8(const nanoc_output *output, int32_t sum, int32_t channel) {
  const float scale = output->scale[channel * output->scale_step];
  return (int8_t)nanoc_requantize(sum, scale, output->y_zero, output->low, output->high);
}

/** clamp(zero + round_half_even((float)sum * scale)) for halfwords: a sum of 64 bits, bounds of 16. */
static inline int32_t nanoc_requantize_s64(int64_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  /* Cores have an instruction for 32 bits at most. */
  const float rounded = sum == (int32_t)sum ? (float)(int32_t)sum : (float)sum;
  return nanoc_round_clamp(rounded * scale, zero, low, high);
}

#if NANOC_FPU

/** nanoc_requantize_s64 of a sum of 32 bits. */
static inline int32_t nanoc_requantize_s16(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  return nanoc_round_clamp((float)sum * scale, zero, low, high);
}

#else

/*
 * As nanoc_requantize, with 6 bits behind the point: the two roundings of the float form move a product below 2^16 by at most 2^-7, so
 * that one product in 32 needs the float form itself. What is larger leaves the bounds, however it is rounded.
 */
static inline int32_t nanoc_requantize_s16(int32_t sum, float scale, int32_t zero, int32_t low, int32_t high) {
  union {
    float f;
    uint32_t i;
  } bits;
  bits.f = scale;
  const int32_t shift = 150 - 6 - (int32_t)(bits.i >> 23); /* scale = mantissa * 2^-(shift + 6) */
  const int64_t product = (int64_t)sum * (int32_t)((bits.i & 0x7FFFFFu) | 0x800000u);
  if (shift <= 0 || shift > 56) {
    return nanoc_requantize_exact(sum, scale, zero, low, high);
  }
  const int64_t wide = product >> shift;
  if (wide >= (1 << 23)) {
    return high;
  }
  if (wide < -(1 << 23)) {
    return low;
  }
  const int32_t fixed = (int32_t)wide;
  if ((uint32_t)((fixed & 63) - 31) < 2u) {
    return nanoc_requantize_exact(sum, scale, zero, low, high);
  }
  return nanoc_clamp(((fixed + 32) >> 6) + zero, low, high);
}

#endif

/** One sum of channel `channel`. */
static inline int16_t nanoc_output_s16(const nanoc_output *output, int64_t sum, int32_t channel) {
  const float scale = output->scale[channel * output->scale_step];
  if (sum == (int32_t)sum) {
    return (int16_t)nanoc_requantize_s16((int32_t)sum, scale, output->y_zero, output->low, output->high);
  }
  return (int16_t)nanoc_requantize_s64(sum, scale, output->y_zero, output->low, output->high);
}

#if NANOC_VCVTR && defined(__ARM_FEATURE_DSP)

/** nanoc_round_clamp to all of int8. */
static inline int32_t nanoc_round_s8(float x, int32_t zero) {
  union {
    float f;
    int32_t i;
  } rounded;
  int32_t sum;
  __asm__("vcvtr.s32.f32 %0, %1" : "=t"(rounded.f) : "t"(x));
  __asm__("qadd %0, %1, %2\n\tssat %0, #8, %0" : "=r"(sum) : "r"(rounded.i), "r"(zero));
  return sum;
}

/** nanoc_requantize to all of int8. */
static inline int32_t nanoc_requantize_s8(int32_t sum, float scale, int32_t zero) {
  return nanoc_round_s8((float)sum * scale, zero);
}

#else

static inline int32_t nanoc_round_s8(float x, int32_t zero) { return nanoc_round_clamp(x, zero, -128, 127); }

static inline int32_t nanoc_requantize_s8(int32_t sum, float scale, int32_t zero) {
  return nanoc_requantize(sum, scale, zero, -128, 127);
}

#endif

#endif
