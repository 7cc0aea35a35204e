#include "nanoc/quantize.h"

void nanoc_dequantize_s16(const int16_t *x, float *y, const nanoc_quantization *params) {
  for (int32_t outer = 0; outer < params->outer; outer++) {
    for (int32_t channel = 0; channel < params->channels; channel++) {
      const float scale = params->scale[channel];
      const int32_t zero = params->zero[channel];
      for (int32_t i = 0; i < params->inner; i++) {
        *y++ = (float)(*x++ - zero) * scale;
      }
    }
  }
}
