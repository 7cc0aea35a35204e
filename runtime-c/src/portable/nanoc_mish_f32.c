#include "nanoc/activation.h"
#include "nanoc/math.h"

void nanoc_mish_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i] * nanoc_tanh(nanoc_softplus(x[i]));
  }
}
