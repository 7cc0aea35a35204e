#include "nanoc/move.h"

#include <string.h>

static int32_t index_at(const void *indices, int32_t i, const nanoc_gather_params *p) {
  int64_t index = p->index_bytes == 8 ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
  if (index < 0) {
    index += p->size;
  }
  if (index < 0) {
    return 0;
  }
  return index < p->size ? (int32_t)index : p->size - 1;
}

void nanoc_gather(const void *x, const void *indices, void *y, const nanoc_gather_params *params) {
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  const size_t block = (size_t)params->block;
  for (int32_t row = 0; row < params->outer; row++) {
    for (int32_t i = 0; i < params->indices; i++) {
      memcpy(to, from + index_at(indices, i, params) * params->block, block);
      to += block;
    }
    from += params->size * params->block;
  }
}
