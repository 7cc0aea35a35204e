#include "nanoc/activation.h"

void nanoc_reciprocal_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = 1.0f / x[i];
  }
}
