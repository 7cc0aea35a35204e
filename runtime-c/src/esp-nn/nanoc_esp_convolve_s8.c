#include "nanoc/esp_nn.h"

void nanoc_esp_convolve_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_esp_convolve_s8_params *params) {
  const nanoc_esp_convolve_s8_params *p = params;
  const quant_data_t factors = {(int32_t *)p->shift, (int32_t *)p->multiplier};
  esp_nn_set_conv_scratch_buf(scratch);
  esp_nn_conv_s8(&p->input, x, &p->filter, p->weights, p->bias, &p->output, y, &p->layer, &factors);
}
