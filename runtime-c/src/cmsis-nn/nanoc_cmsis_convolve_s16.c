#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_convolve_s16(const int16_t *x, int16_t *y, void *scratch, const nanoc_cmsis_convolve_s16_params *params) {
  const nanoc_cmsis_convolve_s16_params *p = params;
  const cmsis_nn_context context = {scratch, p->scratch_bytes};
  const cmsis_nn_per_channel_quant_params factors = {(int32_t *)p->multiplier, (int32_t *)p->shift};
  const cmsis_nn_bias_data bias = {p->bias, true};
  (void)arm_convolve_wrapper_s16(&context, &p->layer, &factors, &p->input, x, &p->filter, p->weights, &p->output, &bias,
                                 &p->output, y);
}
