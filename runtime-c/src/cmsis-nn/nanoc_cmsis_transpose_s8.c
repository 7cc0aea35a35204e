#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_transpose_s8(const int8_t *x, int8_t *y, void *scratch,
                              const nanoc_cmsis_transpose_s8_params *params) {
  const nanoc_cmsis_transpose_s8_params *p = params;
  const cmsis_nn_transpose_params layer = {p->layer.num_dims, p->layer.permutations};
  (void)scratch;
  (void)arm_transpose_s8(x, y, &p->input, &p->output, &layer);
}
