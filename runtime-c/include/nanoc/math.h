/*
 * exp, log, tanh and the like in float32 operations only, without libm: the same operations in the same order as
 * compiler/numerics/float-math.ts, so the same bits on every core. Compile with -ffp-contract=off.
 */
#ifndef NANOC_MATH_H
#define NANOC_MATH_H

#include "nanoc/types.h"

/** e^x: 0 below -87.3, infinity above 88.4. */
float nanoc_exp(float x);
/** Natural logarithm: NaN below 0, -infinity at 0. */
float nanoc_log(float x);
/** log(1 + x) for x from 0 to 1. */
float nanoc_log1p(float x);
float nanoc_tanh(float x);
/** Within 1.2e-7 of the sine; NaN of infinity. */
float nanoc_sin(float x);
/** Within 1.2e-7 of the cosine; NaN of infinity. */
float nanoc_cos(float x);
float nanoc_erf(float x);
/** x^y: integer exponents up to 32 by squaring, others e^(y log x). */
float nanoc_pow(float x, float y);
/** Correctly rounded, by integers: no core needs more than its shifter. NaN below 0. */
float nanoc_sqrt(float x);

static inline uint32_t nanoc_bits(float x) {
  union {
    float f;
    uint32_t i;
  } both;
  both.f = x;
  return both.i;
}

static inline float nanoc_from_bits(uint32_t bits) {
  union {
    uint32_t i;
    float f;
  } both;
  both.i = bits;
  return both.f;
}

static inline float nanoc_abs(float x) { return nanoc_from_bits(nanoc_bits(x) & 0x7FFFFFFFu); }

/** magnitude with the sign of x. */
static inline float nanoc_with_sign(float magnitude, float x) {
  return nanoc_from_bits((nanoc_bits(magnitude) & 0x7FFFFFFFu) | (nanoc_bits(x) & 0x80000000u));
}

static inline float nanoc_nan(void) { return nanoc_from_bits(0x7FC00000u); }

static inline float nanoc_infinity(void) { return nanoc_from_bits(0x7F800000u); }

/** 2^n for n from -126 to 127. */
static inline float nanoc_power_of_two(int32_t n) { return nanoc_from_bits((uint32_t)(n + 127) << 23); }

/** 1 / (1 + e^-x) */
static inline float nanoc_sigmoid(float x) { return 1.0f / (1.0f + nanoc_exp(-x)); }

/** log(1 + e^x) */
static inline float nanoc_softplus(float x) {
  if (x != x) {
    return x;
  }
  return (x > 0.0f ? x : 0.0f) + nanoc_log1p(nanoc_exp(-nanoc_abs(x)));
}

/** The nearest integer, ties to even; -0 for what rounds to 0 from below. */
static inline float nanoc_round_f32(float x) {
  const float magnitude = nanoc_abs(x);
  if (!(magnitude < 8388608.0f)) {
    return x;
  }
  return nanoc_with_sign((magnitude + 8388608.0f) - 8388608.0f, x);
}

/** The largest integer not above x. */
static inline float nanoc_floor(float x) {
  const float rounded = nanoc_round_f32(x);
  return rounded > x ? rounded - 1.0f : rounded;
}

#endif
