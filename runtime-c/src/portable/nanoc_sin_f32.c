#include "nanoc/activation.h"
#include "nanoc/math.h"

void nanoc_sin_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = nanoc_sin(x[i]);
  }
}
