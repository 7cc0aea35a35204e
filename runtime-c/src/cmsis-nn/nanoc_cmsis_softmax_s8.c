#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_softmax_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_softmax_s8_params *params) {
  const nanoc_cmsis_softmax_s8_params *p = params;
  (void)scratch;
  arm_softmax_s8(x, p->rows, p->row_size, p->multiplier, p->shift, p->least, y);
}
