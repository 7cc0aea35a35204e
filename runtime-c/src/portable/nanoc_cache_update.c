#include "nanoc/cache.h"

void nanoc_cache_update(const void *past, const void *row, const void *position, void *present, int32_t rows,
                        int32_t row_bytes, int32_t position_bytes) {
  const int32_t at = nanoc_position(position, position_bytes);
  if (present != past) {
    (void)memmove(present, past, (size_t)(rows * row_bytes));
  }
  if (at >= 0 && at < rows) {
    (void)memcpy((uint8_t *)present + at * row_bytes, row, (size_t)row_bytes);
  }
}
