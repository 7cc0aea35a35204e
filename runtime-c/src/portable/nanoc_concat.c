#include "nanoc/move.h"

#include <string.h>

void nanoc_concat(const void *const *inputs, void *y, const nanoc_concat_params *params) {
  uint8_t *to = (uint8_t *)y;
  for (int32_t row = 0; row < params->rows; row++) {
    for (int32_t input = 0; input < params->inputs; input++) {
      const int32_t bytes = params->bytes[input];
      memcpy(to, (const uint8_t *)inputs[input] + row * bytes, (size_t)bytes);
      to += bytes;
    }
  }
}
