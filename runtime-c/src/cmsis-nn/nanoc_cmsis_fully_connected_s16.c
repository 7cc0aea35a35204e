#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_fully_connected_s16(const int16_t *x, int16_t *y, void *scratch,
                                     const nanoc_cmsis_fully_connected_s16_params *params) {
  const nanoc_cmsis_fully_connected_s16_params *p = params;
  const cmsis_nn_context context = {NULL, 0};
  (void)scratch;
  (void)arm_fully_connected_s16(&context, &p->layer, &p->quantization, &p->input, x, &p->filter, p->weights, &p->output,
                                p->bias, &p->output, y);
}
