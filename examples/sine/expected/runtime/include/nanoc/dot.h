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

/** sums[c] += x * sum of w[4k + c]: taps in the padding, where the input is its zero point. */
static inline void nanoc_dot4_constant(int32_t sums[4], int32_t x, const int8_t *w, int32_t n) {
  for (int32_t k = 0; k < n; k++) {
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = nanoc_mac(sums[c], x, w[4 * k + c]);
    }
  }
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
