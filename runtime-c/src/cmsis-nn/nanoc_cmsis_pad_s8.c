#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_pad_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_cmsis_pad_s8_params *params) {
  const nanoc_cmsis_pad_s8_params *p = params;
  (void)scratch;
  (void)arm_pad_s8(x, y, p->value, &p->input, &p->before, &p->after);
}
