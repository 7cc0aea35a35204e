#include "nanoc/activation.h"
#include "nanoc/math.h"

void nanoc_celu_f32(const float *x, float *y, int32_t count, float alpha) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] < 0.0f ? alpha * (nanoc_exp(x[i] / alpha) - 1.0f) : x[i];
  }
}
