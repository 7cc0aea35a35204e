#include "nanoc/mve_s16.h"

#if NANOC_MVE_ASSEMBLY

/*
 * r0 x, r1 weights, r2 end of a row of x, r3 rows left, r12 step, lr parameters; r4 x, r5 weights, r6 y and r8 starts of the group, r7 groups
 * left; q0 inputs, q1 weights, q2 and q3 products, q4 and q5 sums.
 */
__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_taps_mve_s16,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_taps_mve_s16\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_taps_mve_s16,%function\n"
    "nanoc_taps_mve_s16:\n"
    "  push {r4-r11,lr}\n"
    "  vpush {d8-d11}\n"
    "  ldr lr,[sp,#68]\n"
    "  mov r4,r0\n"
    "  mov r5,r1\n"
    "  mov r6,r2\n"
    "  mov r8,r3\n"
    "  ldr r7,[lr,#36]\n"
    "1: vldrw.u32 q4,[r8],#16\n"
    "  vldrw.u32 q5,[r8],#16\n"
    "  mov r0,r4\n"
    "  ldm lr,{r2,r3,r9,r12}\n"
    "  add r1,r5,r2\n"
    "  adds r1,r1,#32\n"
    "  add r2,r0,r9\n"
    "  cbz r3,4f\n"
    "2: vldrb.s16 q1,[r1],#8\n"
    "  vldrh.u16 q0,[r0]\n"
    "  add r0,r0,r12\n"
    "  vmullb.s16 q2,q0,q1\n"
    "  vmullt.s16 q3,q0,q1\n"
    "  vadd.i32 q4,q4,q2\n"
    "  vadd.i32 q5,q5,q3\n"
    "  cmp r0,r2\n"
    "  bne 2b\n"
    "  ldrd r9,r10,[lr,#16]\n"
    "  ldr r2,[lr,#8]\n"
    "  add r0,r0,r9\n"
    "  add r1,r1,r10\n"
    "  add r2,r2,r0\n"
    "  subs r3,r3,#1\n"
    "  bne 2b\n"
    "4: vcvt.f32.s32 q4,q4\n"
    "  vcvt.f32.s32 q5,q5\n"
    "  vldrw.u32 q0,[r5]\n"
    "  vldrw.u32 q1,[r5,#16]\n"
    "  vmul.f32 q4,q4,q0\n"
    "  vmul.f32 q5,q5,q1\n"
    "  vcvtn.s32.f32 q4,q4\n"
    "  vcvtn.s32.f32 q5,q5\n"
    "  ldrd r9,r10,[lr,#24]\n"
    "  ldr r11,[lr,#32]\n"
    "  vqadd.s32 q4,q4,r9\n"
    "  vqadd.s32 q5,q5,r9\n"
    "  vdup.32 q2,r10\n"
    "  vdup.32 q3,r11\n"
    "  vmax.s32 q4,q4,q2\n"
    "  vmax.s32 q5,q5,q2\n"
    "  vmin.s32 q4,q4,q3\n"
    "  vmin.s32 q5,q5,q3\n"
    "  vmovnb.i32 q0,q4\n"
    "  vmovnt.i32 q0,q5\n"
    "  vstrh.16 q0,[r6],#16\n"
    "  adds r4,r4,#16\n"
    "  ldr r9,[lr,#40]\n"
    "  add r5,r5,r9\n"
    "  subs r7,r7,#1\n"
    "  bne 1b\n"
    "  vpop {d8-d11}\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_taps_mve_s16,.-nanoc_taps_mve_s16\n"
    ".popsection\n"
);

#else

void nanoc_taps_mve_s16(const int16_t *x, const int8_t *w, int16_t *y, const int32_t *starts, const nanoc_taps_mve_s16_params *params) {
  const nanoc_taps_mve_s16_params *p = params;
  for (int32_t group = 0; group < p->groups; group++, x += 8, w += p->group_bytes, y += 8, starts += 8) {
    for (int32_t c = 0; c < 8; c++) {
      const int32_t place = (c >> 1) + 4 * (c & 1);
      int32_t sum = starts[place];
      const int16_t *tap = x + c;
      const int8_t *weight = w + 32 + p->first + c;
      for (int32_t row = 0; row < p->rows; row++) {
        for (const int16_t *end = tap + p->row_bytes / 2; tap != end; tap += p->step / 2, weight += 8) {
          sum = nanoc_add_wrap(sum, *tap * *weight);
        }
        if (row + 1 < p->rows) {
          tap += p->x_skip / 2;
          weight += p->w_skip;
        }
      }
      float scale;
      (void)memcpy(&scale, w + 4 * place, sizeof scale);
      y[c] = (int16_t)nanoc_round_clamp((float)sum * scale, p->y_zero, p->low, p->high);
    }
  }
}

#endif
