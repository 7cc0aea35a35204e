/* Softmax over one dimension of [outer][count][inner]. */
#ifndef NANOC_SOFTMAX_H
#define NANOC_SOFTMAX_H

#include "nanoc/requantize.h"

/**
 * With d = max(x) - x along the dimension: e = table[d], p = e * (1 / sum of e), y = saturate(round_half_even(p / y_scale) + y_zero),
 * in float32, the sum in ascending order. table[d] = exp(-d * x_scale), computed by the compiler.
 */
typedef struct {
  int32_t outer;
  int32_t count;
  int32_t inner;
  const float *table; /* 256 */
  int32_t cutoff;     /* from this d on, y is y_zero whatever the sum */
  float y_scale;
  float y_inverse; /* 1 / y_scale where that is a power of two, and multiplying exact; else 0 */
  int32_t y_zero;
} nanoc_softmax_s8_params;

/** Ascending: y may be x; with inner above 1 it must start (count - 1) * inner elements before x, or apart. */
void nanoc_softmax_s8(const int8_t *x, int8_t *y, const nanoc_softmax_s8_params *params);

/** y = e * (1 / sum of e), e = exp(x - max). Overlap as above. */
void nanoc_softmax_f32(const float *x, float *y, int32_t outer, int32_t count, int32_t inner);

/** y = (x - max) - log(sum of exp(x - max)). Overlap as above. */
void nanoc_log_softmax_f32(const float *x, float *y, int32_t outer, int32_t count, int32_t inner);

#endif
