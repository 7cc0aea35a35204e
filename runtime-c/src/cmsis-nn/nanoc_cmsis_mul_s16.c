#include "nanoc/cmsis_nn.h"

void nanoc_cmsis_mul_s16(const int16_t *a, const int16_t *b, int16_t *y, void *scratch,
                        const nanoc_cmsis_mul_s16_params *params) {
  const nanoc_cmsis_mul_s16_params *p = params;
  (void)scratch;
  (void)arm_elementwise_mul_s16(a, b, p->a_offset, p->b_offset, y, p->y_offset, p->y_factor.multiplier,
                               p->y_factor.shift, p->activation.min, p->activation.max, p->count);
}
