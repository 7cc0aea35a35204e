#include "nanoc/esp_nn.h"

void nanoc_esp_fully_connected_per_channel_s8(const int8_t *x, int8_t *y, void *scratch,
                                              const nanoc_esp_fully_connected_per_channel_s8_params *params) {
  const nanoc_esp_fully_connected_per_channel_s8_params *p = params;
  (void)scratch;
  esp_nn_fully_connected_per_ch_s8(x, 0, p->inner, p->weights, 0, p->bias, y, p->columns, p->out_offset, p->shift,
                                   p->multiplier, p->activation.min, p->activation.max);
}
