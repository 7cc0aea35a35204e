#include "nanoc/mve_layers.h"

void nanoc_table_mve_s8(const int8_t *x, int8_t *y, const int8_t *table, int32_t count) {
#if NANOC_MVE_ASSEMBLY
  __asm__ volatile(
      "wlstp.8 lr, %[count], 2f\n"
      "1: vldrb.u8 q0, [%[x]], #16\n vldrb.u8 q1, [%[table], q0]\n vstrb.8 q1, [%[y]], #16\n letp lr, 1b\n"
      "2:"
      : [x] "+r"(x), [y] "+r"(y)
      : [table] "r"(table), [count] "r"(count)
      : "q0", "q1", "lr", "memory");
#else
  for (int32_t i = 0; i < count; i++) {
    y[i] = table[(uint8_t)x[i]];
  }
#endif
}
