#include "nanoc/softmax.h"

#include "nanoc/fours.h"

/* GCC 12 for Xtensa stops with an internal error at the dense loops (extract_constrain_insn). */
#if NANOC_FPU && !defined(__XTENSA__)
#define NANOC_SOFTMAX_DENSE 1
#else
#define NANOC_SOFTMAX_DENSE 0
#endif

/* One vector of params->count elements, `inner` apart. */
static void softmax(const int8_t *x, int8_t *y, const nanoc_softmax_s8_params *params) {
  const int32_t step = params->inner;
  const int32_t length = params->count * step;
  const float *table = params->table;
  int32_t highest = -128;
  for (int32_t i = 0; i < length; i += step) {
    highest = x[i] > highest ? x[i] : highest;
  }
  float sum = 0.0f;
  for (int32_t i = 0; i < length; i += step) {
    sum = sum + table[highest - x[i]];
  }
  const float inverse = 1.0f / sum;
  const float y_inverse = params->y_inverse;
  const int32_t y_zero = params->y_zero;
  for (int32_t i = 0; i < length; i += step) {
    const int32_t distance = highest - x[i];
    int32_t result = y_zero;
    if (distance < params->cutoff) {
      const float p = table[distance] * inverse;
      result = nanoc_round_clamp(y_inverse != 0.0f ? p * y_inverse : p / params->y_scale, y_zero, -128, 127);
    }
    y[i] = (int8_t)result;
  }
}

#if NANOC_SOFTMAX_DENSE

static inline int32_t larger(int32_t a, int32_t b) { return a > b ? a : b; }

static inline int32_t highest_of(const int8_t *x, int32_t count) {
  int32_t highest = -128;
  int32_t i = 0;
#if NANOC_SIMD_FOURS
  uint32_t most = 0x80808080u;
  for (; i + 4 <= count; i += 4) {
    uint32_t four;
    (void)memcpy(&four, x + i, 4);
    (void)__ssub8((int8x4_t)most, (int8x4_t)four);
    most = __sel(most, four);
  }
  int8_t parts[4];
  (void)memcpy(parts, &most, 4);
  highest = larger(larger(parts[0], parts[1]), larger(parts[2], parts[3]));
#endif
  for (; i < count; i++) {
    highest = larger(highest, x[i]);
  }
  return highest;
}

/* Neighbours. With a y_scale that is a power of two, p * y_inverse is e times a factor that is exact. */
static void dense(const int8_t *x, int8_t *y, const nanoc_softmax_s8_params *params) {
  const int32_t y_zero = params->y_zero;
  const int8_t *const end = x + params->count;
  const float *const highest = params->table + highest_of(x, params->count);
  float sum = 0.0f;
  for (const int8_t *at = x; at != end; at++) {
    sum = sum + highest[-*at];
  }
  const float inverse = 1.0f / sum;
  if (params->y_inverse != 0.0f) {
    const float factor = inverse * params->y_inverse;
    while (x != end) {
      *y++ = (int8_t)nanoc_round_clamp(highest[-*x++] * factor, y_zero, -128, 127);
    }
    return;
  }
  const float y_scale = params->y_scale;
  while (x != end) {
    *y++ = (int8_t)nanoc_round_clamp(highest[-*x++] * inverse / y_scale, y_zero, -128, 127);
  }
}

#endif

void nanoc_softmax_s8(const int8_t *x, int8_t *y, const nanoc_softmax_s8_params *params) {
  for (int32_t outer = 0; outer < params->outer; outer++) {
#if NANOC_SOFTMAX_DENSE
    if (params->inner == 1) {
      dense(x, y, params);
      x += params->count;
      y += params->count;
      continue;
    }
#endif
    for (int32_t i = 0; i < params->inner; i++) {
      softmax(x + i, y + i, params);
    }
    x += params->count * params->inner;
    y += params->count * params->inner;
  }
}
