#include "nanoc/normalization.h"

void nanoc_layer_normalization_f32(const float *x, float *y, const nanoc_layer_normalization_params *params) {
  const int32_t count = params->count;
  for (int32_t row = 0; row < params->rows; row++) {
    float sum = 0.0f;
    for (int32_t i = 0; i < count; i++) {
      sum = sum + x[i];
    }
    const float rough = sum / (float)count;
    float rest = 0.0f;
    for (int32_t i = 0; i < count; i++) {
      rest = rest + (x[i] - rough);
    }
    const float mean = rough + rest / (float)count;
    float squares = 0.0f;
    for (int32_t i = 0; i < count; i++) {
      const float difference = x[i] - mean;
      squares = squares + difference * difference;
    }
    const float root = nanoc_sqrt(squares / (float)count + params->epsilon);
    for (int32_t i = 0; i < count; i++) {
      const float normalized = (x[i] - mean) / root;
      const float scaled = params->scale != NULL ? normalized * params->scale[i] : normalized;
      y[i] = params->bias != NULL ? scaled + params->bias[i] : scaled;
    }
    x += count;
    y += count;
  }
}
