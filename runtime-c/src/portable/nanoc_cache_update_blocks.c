#include "nanoc/cache.h"

void nanoc_cache_update_blocks(const void *past, const void *row, const void *position, void *present,
                               const nanoc_cache_update_blocks_params *params) {
  const int32_t rows = params->rows;
  const int32_t bytes = params->row_bytes;
  const uint8_t *from = (const uint8_t *)row;
  int64_t at = params->position_bytes == 4 ? *(const int32_t *)position : *(const int64_t *)position;
  at = at < 0 && params->from_end != 0 ? at + rows : at;
  if (present != past) {
    (void)memmove(present, past, (size_t)(params->blocks * rows * bytes));
  }
  if (at < 0 || at >= rows) {
    return;
  }
  uint8_t *to = (uint8_t *)present + (int32_t)at * bytes;
  for (int32_t block = 0; block < params->blocks; block++) {
    (void)memcpy(to, from, (size_t)bytes);
    from += bytes;
    to += rows * bytes;
  }
}
