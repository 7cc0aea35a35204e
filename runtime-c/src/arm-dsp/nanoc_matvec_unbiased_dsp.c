#include "nanoc/dsp_any.h"

void nanoc_matvec_unbiased_dsp(const int8_t *x, int8_t *y, const nanoc_dsp_any_row_params *params) {
  const nanoc_dsp_params *layer = &params->layer;
  const uint32_t minus_zero = (uint32_t)(uint16_t)(int16_t)-layer->x_zero;
  const int32_t *s = layer->segments;
  for (int32_t i = 0; i < layer->segment_count; i++, s += 4) {
    nanoc_dot_unbiased_dsp(x, layer->stream + s[2], y + s[1], layer->stream + s[3], params->inner, layer->y_zero, minus_zero * 0x00010001u);
  }
  if (layer->low > -128 || layer->high < 127) {
    nanoc_dsp_clamp(y, params->columns, layer->low, layer->high);
  }
}
