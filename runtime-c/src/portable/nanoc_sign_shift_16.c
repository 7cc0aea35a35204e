#include "nanoc/table.h"

void nanoc_sign_shift_16(const void *x, void *y, int32_t count) {
  const uint16_t *in = (const uint16_t *)x;
  uint16_t *out = (uint16_t *)y;
  for (int32_t i = 0; i < count; i++) {
    out[i] = (uint16_t)(in[i] ^ 0x8000u);
  }
}
