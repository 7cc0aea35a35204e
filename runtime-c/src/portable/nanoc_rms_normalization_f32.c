#include "nanoc/normalization.h"

void nanoc_rms_normalization_f32(const float *x, float *y, const nanoc_rms_normalization_params *params) {
  const float *scale = params->scale;
  for (int32_t row = 0; row < params->rows; row++) {
    const float root = nanoc_root_mean_square(x, params->count, params->epsilon);
    const float inverse = 1.0f / root;
    for (int32_t i = 0; i < params->count; i++) {
      const float normalized = params->reciprocal != 0 ? x[i] * inverse : x[i] / root;
      y[i] = normalized * scale[i];
    }
    x += params->count;
    y += params->count;
  }
}
