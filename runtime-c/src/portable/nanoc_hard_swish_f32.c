#include "nanoc/activation.h"

void nanoc_hard_swish_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    const float line = 0.16666666666666666f * x[i] + 0.5f;
    y[i] = x[i] * (line < 0.0f ? 0.0f : line > 1.0f ? 1.0f : line);
  }
}
