#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_max_pool_s16(const int16_t *x, int16_t *y, void *scratch, const nanoc_cmsis_pool_params *params) {
  const nanoc_cmsis_pool_params *p = params;
  const cmsis_nn_context context = {scratch, p->scratch_bytes};
  (void)arm_max_pool_s16(&context, &p->layer, &p->input, x, &p->filter, &p->output, y);
}
