#include "nanoc/rotary.h"

void nanoc_rotary_embedding_f32(const float *x, const float *cosines, const float *sines, float *y,
                                const nanoc_rotary_embedding_f32_params *params) {
  for (int32_t row = 0; row < params->rows; row++) {
    for (int32_t i = 0; i < params->pairs; i++) {
      const float a = x[0];
      const float b = x[1];
      y[0] = a * cosines[i] - b * sines[i];
      y[1] = a * sines[i] + b * cosines[i];
      x += 2;
      y += 2;
    }
  }
}
