#include "nanoc/move.h"

#include <string.h>

void nanoc_gather(const void *x, const void *indices, void *y, const nanoc_gather_params *params) {
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  const size_t block = (size_t)params->block;
  for (int32_t row = 0; row < params->outer; row++) {
    for (int32_t i = 0; i < params->indices; i++) {
      memcpy(to, from + nanoc_index_at(indices, i, params->index_bytes, params->size) * params->block, block);
      to += block;
    }
    from += params->size * params->block;
  }
}
