#include "nanoc/activation.h"

void nanoc_relu_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] < 0.0f ? 0.0f : x[i];
  }
}
