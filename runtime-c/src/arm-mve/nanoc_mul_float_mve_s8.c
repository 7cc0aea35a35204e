#include "nanoc/mve_layers.h"

NANOC_STATIC_ASSERT(offsetof(nanoc_mve_float_params, y_inverse) == offsetof(nanoc_mve_float_params, a_zero) + 28, "the assembly knows the order");

/* One row, four elements at a time. VCVTN and VQADD saturate. */
static void mul_row(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mve_float_params *p) {
#if NANOC_MVE_ASSEMBLY
  /* p->a_zero, b_zero, y_zero, low, high, a_scale, b_scale, y_inverse */
  __asm__ volatile(
      "ldrd r4, r12, [%[p], #12]\n vdup.32 q2, r4\n vdup.32 q3, r12\n ldrd r4, r12, [%[p]]\n vdup.32 q4, r4\n vdup.32 q5, r12\n"
      " ldrd r4, r12, [%[p], #20]\n vdup.32 q6, r4\n vdup.32 q7, r12\n ldr r4, [%[p], #28]\n ldr r6, [%[p], #8]\n"
      " dlstp.32 lr, %[count]\n"
      "1: vldrb.s32 q0, [%[a]], #4\n vldrb.s32 q1, [%[b]], #4\n"
      " vsub.i32 q0, q0, q4\n vsub.i32 q1, q1, q5\n vcvt.f32.s32 q0, q0\n vcvt.f32.s32 q1, q1\n"
      " vmul.f32 q0, q0, q6\n vmul.f32 q1, q1, q7\n vmul.f32 q0, q0, q1\n vmul.f32 q0, q0, r4\n"
      " vcvtn.s32.f32 q0, q0\n vqadd.s32 q0, q0, r6\n vmax.s32 q0, q0, q2\n vmin.s32 q0, q0, q3\n"
      " vstrb.32 q0, [%[y]], #4\n letp lr, 1b"
      : [a] "+l"(a), [b] "+l"(b), [y] "+l"(y)
      : [count] "r"(p->shape.count), [p] "r"(&p->a_zero)
      : "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7", "r4", "r6", "r12", "lr", "memory");
#else
  for (int32_t i = 0; i < p->shape.count; i++) {
    const float left = (float)(a[i] - p->a_zero) * p->a_scale;
    const float right = (float)(b[i] - p->b_zero) * p->b_scale;
    const float both = left * right;
    y[i] = (int8_t)nanoc_round_clamp(both * p->y_inverse, p->y_zero, p->low, p->high);
  }
#endif
}

void nanoc_mul_float_mve_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mve_float_params *params) {
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < params->shape.rows; r++) {
    mul_row(a + row.a, b + row.b, y, params);
    y += params->shape.count;
    nanoc_next_row(&params->shape, &row);
  }
}
