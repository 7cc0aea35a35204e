#include "nanoc/cache.h"

void nanoc_cache_shift(const void *past, const void *rows, void *present, int32_t blocks, int32_t block_bytes,
                       int32_t fresh_bytes) {
  const uint8_t *from = (const uint8_t *)past;
  const uint8_t *fresh = (const uint8_t *)rows;
  uint8_t *to = (uint8_t *)present;
  const int32_t kept = block_bytes - fresh_bytes;
  for (int32_t block = 0; block < blocks; block++) {
    (void)memmove(to, from + fresh_bytes, (size_t)kept);
    (void)memcpy(to + kept, fresh, (size_t)fresh_bytes);
    from += block_bytes;
    to += block_bytes;
    fresh += fresh_bytes;
  }
}
