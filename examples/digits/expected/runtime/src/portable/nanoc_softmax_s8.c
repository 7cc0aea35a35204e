#include "nanoc/softmax.h"

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

void nanoc_softmax_s8(const int8_t *x, int8_t *y, const nanoc_softmax_s8_params *params) {
  for (int32_t outer = 0; outer < params->outer; outer++) {
    for (int32_t i = 0; i < params->inner; i++) {
      softmax(x + i, y + i, params);
    }
    x += params->count * params->inner;
    y += params->count * params->inner;
  }
}
