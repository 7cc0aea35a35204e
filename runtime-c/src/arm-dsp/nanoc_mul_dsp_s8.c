#include "nanoc/dsp_layers.h"

static inline int32_t product_of(int8_t a, int8_t b, const nanoc_product_dsp *p) {
  const int32_t left = a + (int16_t)(uint16_t)p->minus_a_zeros;
  const int32_t right = b + (int16_t)(uint16_t)p->minus_b_zeros;
  const int64_t scaled = (int64_t)(left * right) * p->factor + ((int64_t)1 << 31);
  return nanoc_clamp((int32_t)(scaled >> 32) + p->y_zero, -128, 127);
}

#if NANOC_DSP_ASSEMBLY

/*
 * r0 a, r1 b, r2 y, r3 fours; r4 and r5 negative zero points, r6 factor, r7 zero point of y; r8 and r9 four bytes of a and of b,
 * then elements 3 and none; r10 elements 0 and 2 of a, r11 of b, then element 1; r12 element 0.
 */
__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_mul_dsp_s8_row,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_mul_dsp_s8_row\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_mul_dsp_s8_row,%function\n"
    "nanoc_mul_dsp_s8_row:\n"
    "  push {r4-r11,lr}\n"
    "  ldr r4,[sp,#36]\n"
    "  ldm r4,{r4-r7}\n"
    "1: ldr r8,[r0],#4\n"
    "  ldr r9,[r1],#4\n"
    "  sxtab16 r10,r4,r8\n"
    "  sxtab16 r11,r5,r9\n"
    "  sxtab16 r8,r4,r8,ror #8\n"
    "  sxtab16 r9,r5,r9,ror #8\n"
    "  smulbb r12,r10,r11\n"
    "  smultt r10,r10,r11\n"
    "  smulbb r11,r8,r9\n"
    "  smultt r8,r8,r9\n"
    "  smmlar r12,r12,r6,r7\n"
    "  smmlar r11,r11,r6,r7\n"
    "  smmlar r10,r10,r6,r7\n"
    "  smmlar r8,r8,r6,r7\n"
    "  ssat r12,#8,r12\n"
    "  ssat r11,#8,r11\n"
    "  ssat r10,#8,r10\n"
    "  ssat r8,#8,r8\n"
    "  strb r11,[r2,#1]\n"
    "  strb r10,[r2,#2]\n"
    "  strb r8,[r2,#3]\n"
    "  strb r12,[r2],#4\n"
    "  subs r3,r3,#1\n"
    "  bne 1b\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_mul_dsp_s8_row,.-nanoc_mul_dsp_s8_row\n"
    ".popsection\n"
);

#else

void nanoc_mul_dsp_s8_row(const int8_t *a, const int8_t *b, int8_t *y, int32_t fours, const nanoc_product_dsp *product) {
  for (int32_t i = 0; i < 4 * fours; i++) {
    y[i] = (int8_t)product_of(a[i], b[i], product);
  }
}

#endif

void nanoc_mul_dsp_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mul_dsp_s8_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  const int32_t fours = shape->count / 4;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    if (fours > 0) {
      nanoc_mul_dsp_s8_row(a + row.a, b + row.b, y, fours, &params->product);
    }
    for (int32_t i = 4 * fours; i < shape->count; i++) {
      y[i] = (int8_t)product_of(a[row.a + i], b[row.b + i], &params->product);
    }
    y += shape->count;
    nanoc_next_row(shape, &row);
  }
}
