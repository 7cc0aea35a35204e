#include "nanoc/activation.h"
#include "nanoc/math.h"

void nanoc_gelu_tanh_f32(const float *x, float *y, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    const float inner = 0.79788456080286536f * (x[i] + 0.044715f * ((x[i] * x[i]) * x[i]));
    y[i] = (0.5f * x[i]) * (1.0f + nanoc_tanh(inner));
  }
}
