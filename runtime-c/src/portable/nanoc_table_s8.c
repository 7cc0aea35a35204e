#include "nanoc/table.h"

void nanoc_table_s8(const int8_t *x, int8_t *y, const int8_t *table, int32_t count) {
  const uint8_t *in = (const uint8_t *)x;
  const uint8_t *const blocks = in + (count & ~3);
  while (in != blocks) {
    y[0] = table[in[0]];
    y[1] = table[in[1]];
    y[2] = table[in[2]];
    y[3] = table[in[3]];
    in += 4;
    y += 4;
  }
  for (int32_t rest = count & 3; rest > 0; rest--) {
    *y++ = table[*in++];
  }
}
