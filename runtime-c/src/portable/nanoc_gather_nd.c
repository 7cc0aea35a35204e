#include "nanoc/move.h"

#include <string.h>

void nanoc_gather_nd(const void *x, const void *indices, void *y, const nanoc_gather_nd_params *params) {
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  int32_t next = 0;
  for (int32_t batch = 0; batch < params->batches; batch++) {
    for (int32_t tuple = 0; tuple < params->tuples; tuple++) {
      int32_t offset = 0;
      for (int32_t i = 0; i < params->depth; i++) {
        offset += nanoc_index_at(indices, next, params->index_bytes, params->sizes[i]) * params->steps[i];
        next++;
      }
      (void)memcpy(to, from + offset, (size_t)params->block);
      to += params->block;
    }
    from += params->batch;
  }
}
