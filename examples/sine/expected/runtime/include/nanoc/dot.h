/* Inner products of int8 rows with four output channels at once; weights lie as [inner][4]. */
#ifndef NANOC_DOT_H
#define NANOC_DOT_H

#include "nanoc/requantize.h"

#if defined(__GNUC__)
/* Costs nothing; keeps the compiler from regrouping the sums of several steps, for which it has too few registers. */
#define NANOC_DOT_KEEP(a, b, c, d) __asm__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d))
#else
#define NANOC_DOT_KEEP(a, b, c, d)
#endif

/** sums[c] += x[step * k] * w[4k + c] for k < n; step is meant to be a constant. */
static inline void nanoc_dot4(int32_t sums[4], const int8_t *x, int32_t step, const int8_t *w, int32_t n) {
  int32_t s0 = sums[0];
  int32_t s1 = sums[1];
  int32_t s2 = sums[2];
  int32_t s3 = sums[3];
  const int8_t *const end = w + 4 * n;
#define NANOC_DOT4_STEP(k)                  \
  {                                         \
    const int32_t a = x[step * (k)];        \
    s0 = nanoc_mac(s0, a, w[4 * (k)]);      \
    s1 = nanoc_mac(s1, a, w[4 * (k) + 1]);  \
    s2 = nanoc_mac(s2, a, w[4 * (k) + 2]);  \
    s3 = nanoc_mac(s3, a, w[4 * (k) + 3]);  \
    NANOC_DOT_KEEP(s0, s1, s2, s3);         \
  }
  for (int32_t odd = n & 3; odd != 0; odd--) {
    NANOC_DOT4_STEP(0)
    x += step;
    w += 4;
  }
  while (w != end) {
    NANOC_DOT4_STEP(0)
    NANOC_DOT4_STEP(1)
    NANOC_DOT4_STEP(2)
    NANOC_DOT4_STEP(3)
    x += 4 * step;
    w += 16;
  }
#undef NANOC_DOT4_STEP
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

/** As nanoc_dot4 for two rows that lie as [n][2]; sums[4] to sums[7] are those of the second. */
static inline void nanoc_dot2x4(int32_t sums[8], const int8_t *x, const int8_t *w, int32_t n) {
#if defined(__ARM_ARCH_6M__)
  /* Eight registers hold the products of one row only. */
  nanoc_dot4(sums, x, 2, w, n);
  nanoc_dot4(sums + 4, x + 1, 2, w, n);
#else
  int32_t s0 = sums[0];
  int32_t s1 = sums[1];
  int32_t s2 = sums[2];
  int32_t s3 = sums[3];
  int32_t t0 = sums[4];
  int32_t t1 = sums[5];
  int32_t t2 = sums[6];
  int32_t t3 = sums[7];
  const int8_t *const end = w + 4 * n;
#define NANOC_DOT2X4_STEP(k)            \
  {                                     \
    const int32_t a = x[2 * (k)];       \
    const int32_t b = x[2 * (k) + 1];   \
    int32_t v = w[4 * (k)];             \
    s0 = nanoc_mac(s0, a, v);           \
    t0 = nanoc_mac(t0, b, v);           \
    v = w[4 * (k) + 1];                 \
    s1 = nanoc_mac(s1, a, v);           \
    t1 = nanoc_mac(t1, b, v);           \
    v = w[4 * (k) + 2];                 \
    s2 = nanoc_mac(s2, a, v);           \
    t2 = nanoc_mac(t2, b, v);           \
    v = w[4 * (k) + 3];                 \
    s3 = nanoc_mac(s3, a, v);           \
    t3 = nanoc_mac(t3, b, v);           \
    NANOC_DOT_KEEP(s0, s1, s2, s3);     \
    NANOC_DOT_KEEP(t0, t1, t2, t3);     \
  }
  for (int32_t odd = n & 3; odd != 0; odd--) {
    NANOC_DOT2X4_STEP(0)
    x += 2;
    w += 4;
  }
  while (w != end) {
    NANOC_DOT2X4_STEP(0)
    NANOC_DOT2X4_STEP(1)
    NANOC_DOT2X4_STEP(2)
    NANOC_DOT2X4_STEP(3)
    x += 8;
    w += 16;
  }
#undef NANOC_DOT2X4_STEP
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
  sums[4] = t0;
  sums[5] = t1;
  sums[6] = t2;
  sums[7] = t3;
#endif
}

/** sum + x[x_step * k] * w[w_step * k] for k < n. */
static inline int32_t nanoc_dot1(int32_t sum, const int8_t *x, int32_t x_step, const int8_t *w, int32_t w_step, int32_t n) {
  for (; n > 0; n--, x += x_step, w += w_step) {
    sum = nanoc_mac(sum, *x, *w);
  }
  return sum;
}

/** Sum of x[step * k] for k < n, for weights with a zero point. */
static inline int32_t nanoc_sum(const int8_t *x, int32_t step, int32_t n) {
  int32_t sum = 0;
  for (; n > 0; n--, x += step) {
    sum += *x;
  }
  return sum;
}

#endif
