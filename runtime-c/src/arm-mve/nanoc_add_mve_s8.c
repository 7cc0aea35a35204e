#include "nanoc/mve_layers.h"

NANOC_STATIC_ASSERT(offsetof(nanoc_add_s8_params, high) == offsetof(nanoc_add_s8_params, a_factor) + 24, "the assembly knows the order");

/* One row, four elements at a time. */
static void add_row(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_s8_params *p) {
#if NANOC_MVE_ASSEMBLY
  /* p->a_factor, b_factor, offset, shift, y_zero, low, high */
  __asm__ volatile(
      "ldrd r4, r12, [%[p], #20]\n vdup.32 q2, r4\n vdup.32 q3, r12\n"
      " ldrd r4, r6, [%[p]]\n vdup.32 q4, r4\n ldrd r4, r12, [%[p], #8]\n rsb r12, #0\n"
      " dlstp.32 lr, %[count]\n"
      "1: vldrb.s32 q0, [%[a]], #4\n vldrb.s32 q1, [%[b]], #4\n"
      " vmlas.s32 q0, q4, r4\n vmla.s32 q0, q1, r6\n"
      " vshl.s32 q0, r12\n vmax.s32 q0, q0, q2\n vmin.s32 q0, q0, q3\n"
      " vstrb.32 q0, [%[y]], #4\n letp lr, 1b"
      : [a] "+l"(a), [b] "+l"(b), [y] "+l"(y)
      : [count] "r"(p->shape.count), [p] "r"(&p->a_factor)
      : "q0", "q1", "q2", "q3", "q4", "r4", "r6", "r12", "lr", "memory");
#else
  for (int32_t i = 0; i < p->shape.count; i++) {
    const int32_t sum = p->offset + a[i] * p->a_factor + b[i] * p->b_factor;
    y[i] = (int8_t)nanoc_clamp(sum >> p->shift, p->low, p->high);
  }
#endif
}

void nanoc_add_mve_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_s8_params *params) {
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < params->shape.rows; r++) {
    add_row(a + row.a, b + row.b, y, params);
    y += params->shape.count;
    nanoc_next_row(&params->shape, &row);
  }
}
