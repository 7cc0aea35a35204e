/* e^x in line: the operations of nanoc_exp, for loops whose time it is. */
#ifndef NANOC_EXP_H
#define NANOC_EXP_H

#include "nanoc/math.h"

/** Cephes expf (S. Moshier) for x from -87.3 to 88.4: e^x = 2^n * y with y near 1; returns y. */
static inline float nanoc_exp_parts(float x, int32_t *whole) {
  /* Adding and subtracting 1.5 * 2^23 rounds to an integer. */
  const float n = (x * 1.44269504088896341f + 12582912.0f) - 12582912.0f;
  const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  *whole = (int32_t)n;
  return (p * (r * r) + r) + 1.0f;
}

/** 1 for |x| up to 87.3, where 2^n is a number: one comparison of integers, which NaN fails. */
static inline int32_t nanoc_exp_is_near(float x) { return nanoc_bits(x) << 1 <= 0x42AEAC50u << 1; }

static inline float nanoc_exp_inline(float x) {
  if (nanoc_exp_is_near(x)) {
    int32_t n;
    const float near = nanoc_exp_parts(x, &n);
    return near * nanoc_power_of_two(n);
  }
  if (x != x) {
    return x;
  }
  if (x > 88.3762626647949f) {
    return nanoc_infinity();
  }
  if (x < -87.3365478515625f) {
    return 0.0f;
  }
  int32_t whole;
  float y = nanoc_exp_parts(x, &whole);
  /* n is 128 at the upper end, and 2^128 no number. */
  if (whole > 127) {
    y = y * 2.0f;
    whole--;
  }
  return y * nanoc_power_of_two(whole);
}

/** e^x for x up to 0, or NaN. */
static inline float nanoc_exp_down(float x) {
  if (!nanoc_exp_is_near(x)) {
    return x != x ? x : 0.0f;
  }
  int32_t whole;
  const float y = nanoc_exp_parts(x, &whole);
  return y * nanoc_power_of_two(whole);
}

#endif
