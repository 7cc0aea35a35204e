#include "nanoc/esp_nn.h"

void nanoc_esp_max_pool_s8(const int8_t *x, int8_t *y, void *scratch, const nanoc_esp_pool_s8_params *params) {
  const nanoc_esp_pool_s8_params *p = params;
  (void)scratch;
  esp_nn_max_pool_s8(x, (uint16_t)p->input.width, (uint16_t)p->input.height, y, (uint16_t)p->output.width,
                    (uint16_t)p->output.height, (uint16_t)p->stride.width, (uint16_t)p->stride.height,
                    (uint16_t)p->window.width, (uint16_t)p->window.height, (uint16_t)p->padding.width,
                    (uint16_t)p->padding.height, p->activation.min, p->activation.max, (uint16_t)p->input.channels);
}
