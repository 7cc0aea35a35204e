#include "nanoc/math.h"
#include "nanoc/softmax.h"

static void log_softmax(const float *x, float *y, int32_t length, int32_t step) {
  float highest = x[0];
  for (int32_t i = step; i < length; i += step) {
    highest = x[i] > highest ? x[i] : highest;
  }
  float sum = 0.0f;
  for (int32_t i = 0; i < length; i += step) {
    y[i] = x[i] - highest;
    sum = sum + nanoc_exp(y[i]);
  }
  const float log_sum = nanoc_log(sum);
  for (int32_t i = 0; i < length; i += step) {
    y[i] = y[i] - log_sum;
  }
}

void nanoc_log_softmax_f32(const float *x, float *y, int32_t outer, int32_t count, int32_t inner) {
  for (int32_t o = 0; o < outer; o++) {
    for (int32_t i = 0; i < inner; i++) {
      log_softmax(x + i, y + i, count * inner, inner);
    }
    x += count * inner;
    y += count * inner;
  }
}
