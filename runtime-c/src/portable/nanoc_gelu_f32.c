#include "nanoc/activation.h"
#include "nanoc/math.h"

void nanoc_gelu_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = (0.5f * x[i]) * (1.0f + nanoc_erf(x[i] * 0.707106781186547524f));
  }
}
