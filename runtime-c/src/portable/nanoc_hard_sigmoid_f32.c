#include "nanoc/activation.h"

void nanoc_hard_sigmoid_f32(const float *x, float *y, int32_t count, float alpha, float beta) {
  for (int32_t i = 0; i < count; i++) {
    const float line = alpha * x[i] + beta;
    y[i] = line < 0.0f ? 0.0f : line > 1.0f ? 1.0f : line;
  }
}
