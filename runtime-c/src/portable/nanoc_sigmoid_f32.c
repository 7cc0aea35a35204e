#include "nanoc/activation.h"
#include "nanoc/exp.h"

void nanoc_sigmoid_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = 1.0f / (1.0f + nanoc_exp_inline(-x[i]));
  }
}
