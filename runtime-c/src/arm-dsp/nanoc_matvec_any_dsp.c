#include "nanoc/dsp_any.h"

void nanoc_matvec_any_dsp(const int8_t *x, int8_t *y, const nanoc_dsp_any_row_params *params) {
  const nanoc_dsp_params *layer = &params->layer;
  const int32_t *s = layer->segments;
  for (int32_t i = 0; i < layer->segment_count; i++, s += 4) {
    nanoc_dot_any_dsp(x, layer->stream + s[2], y + s[1], layer->stream + s[3], params->inner, layer->y_zero);
  }
  if (layer->low > -128 || layer->high < 127) {
    nanoc_dsp_clamp(y, params->columns, layer->low, layer->high);
  }
}
