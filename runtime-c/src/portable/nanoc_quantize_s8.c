#include "nanoc/quantize.h"

void nanoc_quantize_s8(const float *x, int8_t *y, const nanoc_quantization *params) {
  for (int32_t outer = 0; outer < params->outer; outer++) {
    for (int32_t channel = 0; channel < params->channels; channel++) {
      const float scale = params->scale[channel];
      const int32_t zero = params->zero[channel];
      for (int32_t i = 0; i < params->inner; i++) {
        *y++ = (int8_t)nanoc_round_s8(*x++ / scale, zero);
      }
    }
  }
}
