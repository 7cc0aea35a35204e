#include "nanoc/table.h"

void nanoc_sign_shift(const void *x, void *y, int32_t count) {
  const uint8_t *in = (const uint8_t *)x;
  uint8_t *out = (uint8_t *)y;
  for (int32_t i = 0; i < count; i++) {
    out[i] = (uint8_t)(in[i] ^ 0x80u);
  }
}
