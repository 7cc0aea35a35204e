#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_add_s16(const int16_t *a, const int16_t *b, int16_t *y, void *scratch,
                        const nanoc_cmsis_add_s16_params *params) {
  const nanoc_cmsis_add_s16_params *p = params;
  (void)scratch;
  (void)arm_elementwise_add_s16(a, b, p->a_offset, p->a_factor.multiplier, p->a_factor.shift, p->b_offset,
                               p->b_factor.multiplier, p->b_factor.shift, p->left_shift, y, p->y_offset,
                               p->y_factor.multiplier, p->y_factor.shift, p->activation.min, p->activation.max,
                               p->count);
}
