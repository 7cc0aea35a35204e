#include "nanoc/math.h"
#include "nanoc/softmax.h"

static void softmax(const float *x, float *y, int32_t length, int32_t step) {
  float highest = x[0];
  for (int32_t i = step; i < length; i += step) {
    highest = x[i] > highest ? x[i] : highest;
  }
  float sum = 0.0f;
  for (int32_t i = 0; i < length; i += step) {
    y[i] = nanoc_exp(x[i] - highest);
    sum = sum + y[i];
  }
  const float inverse = 1.0f / sum;
  for (int32_t i = 0; i < length; i += step) {
    y[i] = y[i] * inverse;
  }
}

void nanoc_softmax_f32(const float *x, float *y, int32_t outer, int32_t count, int32_t inner) {
  for (int32_t o = 0; o < outer; o++) {
    for (int32_t i = 0; i < inner; i++) {
      softmax(x + i, y + i, count * inner, inner);
    }
    x += count * inner;
    y += count * inner;
  }
}
