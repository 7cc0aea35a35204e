#include "nanoc/cmsis_nn.h"

/* With an input_offset of 0 the bias is what every version of the library takes for sums of the weights. */
void nanoc_cmsis_fully_connected_s8(const int8_t *x, int8_t *y, void *scratch,
                                    const nanoc_cmsis_fully_connected_s8_params *params) {
  const nanoc_cmsis_fully_connected_s8_params *p = params;
  const cmsis_nn_context context = {(int32_t *)p->bias, p->output.c * (int32_t)sizeof(int32_t)};
  (void)scratch;
  (void)arm_fully_connected_s8(&context, &p->layer, &p->quantization, &p->input, x, &p->filter, p->weights, &p->output,
                               p->bias, &p->output, y);
}
