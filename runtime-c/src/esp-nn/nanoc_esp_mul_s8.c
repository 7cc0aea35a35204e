#include "nanoc/esp_nn.h"

void nanoc_esp_mul_s8(const int8_t *a, const int8_t *b, int8_t *y, void *scratch,
                      const nanoc_esp_mul_s8_params *params) {
  const nanoc_esp_mul_s8_params *p = params;
  (void)scratch;
  esp_nn_mul_elementwise_s8(a, b, p->a_offset, p->b_offset, y, p->y_offset, p->y_factor.multiplier, p->y_factor.shift,
                            p->activation.min, p->activation.max, p->count);
}
