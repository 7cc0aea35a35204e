#include "nanoc/normalization.h"

void nanoc_rms_normalization_f32_s8(const float *x, int8_t *y, const nanoc_rms_normalization_params *params) {
  /* Copies: a byte that is written could be one of the parameters, for all that the compiler knows. */
  const float *scale = params->scale;
  const int32_t count = params->count;
  const int32_t reciprocal = params->reciprocal;
  const float y_scale = params->y_scale;
  const int32_t y_zero = params->y_zero;
  for (int32_t row = 0; row < params->rows; row++) {
    const float root = nanoc_root_mean_square(x, count, params->epsilon);
    const float inverse = 1.0f / root;
    for (int32_t i = 0; i < count; i++) {
      const float normalized = reciprocal != 0 ? x[i] * inverse : x[i] / root;
      y[i] = (int8_t)nanoc_round_s8(normalized * scale[i] / y_scale, y_zero);
    }
    x += count;
    y += count;
  }
}
