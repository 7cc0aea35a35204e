/* Inner products of int8 rows with four output channels at once; weights lie as [inner][4]. */
#ifndef NANOC_DOT_H
#define NANOC_DOT_H

#include "nanoc/requantize.h"

/** sums[c] += x[k] * w[4k + c] for k < n. */
static inline void nanoc_dot4(int32_t sums[4], const int8_t *x, const int8_t *w, int32_t n) {
  int32_t s0 = sums[0];
  int32_t s1 = sums[1];
  int32_t s2 = sums[2];
  int32_t s3 = sums[3];
  const int8_t *const end = x + n;
  if ((n & 1) != 0) {
    const int32_t a = *x++;
    s0 = nanoc_mac(s0, a, w[0]);
    s1 = nanoc_mac(s1, a, w[1]);
    s2 = nanoc_mac(s2, a, w[2]);
    s3 = nanoc_mac(s3, a, w[3]);
    w += 4;
  }
  while (x != end) {
    const int32_t a = x[0];
    s0 = nanoc_mac(s0, a, w[0]);
    s1 = nanoc_mac(s1, a, w[1]);
    s2 = nanoc_mac(s2, a, w[2]);
    s3 = nanoc_mac(s3, a, w[3]);
    const int32_t b = x[1];
    s0 = nanoc_mac(s0, b, w[4]);
    s1 = nanoc_mac(s1, b, w[5]);
    s2 = nanoc_mac(s2, b, w[6]);
    s3 = nanoc_mac(s3, b, w[7]);
    x += 2;
    w += 8;
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

#if defined(__GNUC__)
/* Costs nothing; keeps the compiler from regrouping the sums of several steps, for which it has too few registers. */
#define NANOC_DOT_KEEP2(a, b) __asm__("" : "+r"(a), "+r"(b))
#else
#define NANOC_DOT_KEEP2(a, b)
#endif

/** As nanoc_dot4 for two rows, at x and x + step; sums[4] to sums[7] are those of the second. */
static inline void nanoc_dot2x4(int32_t sums[8], const int8_t *x, int32_t step, const int8_t *w, int32_t n) {
#if defined(__ARM_ARCH_6M__)
  /* Eight registers hold the products of one row only. */
  nanoc_dot4(sums, x, w, n);
  nanoc_dot4(sums + 4, x + step, w, n);
#else
  int32_t s0 = sums[0];
  int32_t s1 = sums[1];
  int32_t s2 = sums[2];
  int32_t s3 = sums[3];
  int32_t t0 = sums[4];
  int32_t t1 = sums[5];
  int32_t t2 = sums[6];
  int32_t t3 = sums[7];
  const int8_t *const end = x + n;
#define NANOC_DOT_STEP(k)        \
  {                              \
    const int32_t a = x[0];      \
    const int32_t b = x[step];   \
    x++;                         \
    int32_t v = w[4 * (k)];      \
    s0 = nanoc_mac(s0, a, v);    \
    t0 = nanoc_mac(t0, b, v);    \
    v = w[4 * (k) + 1];          \
    s1 = nanoc_mac(s1, a, v);    \
    t1 = nanoc_mac(t1, b, v);    \
    v = w[4 * (k) + 2];          \
    s2 = nanoc_mac(s2, a, v);    \
    t2 = nanoc_mac(t2, b, v);    \
    v = w[4 * (k) + 3];          \
    s3 = nanoc_mac(s3, a, v);    \
    t3 = nanoc_mac(t3, b, v);    \
    NANOC_DOT_KEEP2(s0, t0);     \
    NANOC_DOT_KEEP2(s1, t1);     \
    NANOC_DOT_KEEP2(s2, t2);     \
    NANOC_DOT_KEEP2(s3, t3);     \
  }
  if ((n & 1) != 0) {
    NANOC_DOT_STEP(0)
    w += 4;
  }
  while (x != end) {
    NANOC_DOT_STEP(0)
    NANOC_DOT_STEP(1)
    w += 8;
  }
#undef NANOC_DOT_STEP
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

/** sum += x[k] * w[step * k]. */
static inline int32_t nanoc_dot1(int32_t sum, const int8_t *x, const int8_t *w, int32_t step, int32_t n) {
  for (int32_t k = 0; k < n; k++) {
    sum = nanoc_mac(sum, x[k], w[step * k]);
  }
  return sum;
}

/** Sum of a row, for weights with a zero point. */
static inline int32_t nanoc_sum(const int8_t *x, int32_t n) {
  int32_t sum = 0;
  for (int32_t k = 0; k < n; k++) {
    sum += x[k];
  }
  return sum;
}

#endif
