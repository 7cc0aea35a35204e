#include "nanoc/scatter.h"

void nanoc_scatter_nd(const void *data, const void *indices, const void *updates, void *y,
                      const nanoc_scatter_nd_params *params) {
  const uint8_t *update = (const uint8_t *)updates;
  if (y != data) {
    (void)memmove(y, data, (size_t)params->bytes);
  }
  for (int32_t tuple = 0; tuple < params->tuples; tuple++) {
    int32_t offset = 0;
    int32_t inside = 1;
    for (int32_t i = 0; i < params->depth; i++) {
      const int32_t at =
          nanoc_scatter_index(indices, tuple * params->depth + i, params->index_bytes, params->sizes[i]);
      inside = at < 0 ? 0 : inside;
      offset += at * params->steps[i];
    }
    if (inside != 0) {
      (void)memcpy((uint8_t *)y + offset, update, (size_t)params->block);
    }
    update += params->block;
  }
}
