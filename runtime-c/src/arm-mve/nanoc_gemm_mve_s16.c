#include "nanoc/mve_s16.h"

#if NANOC_MVE_ASSEMBLY

/*
 * r1 stream, r3 and r5 inputs of both pixels, r7 steps left, r9 y, r11 parameters; r0, r2, r4, r6 sums of pixel 0, r8, r10, r12, lr of pixel 1;
 * q0 and q1 inputs, q4 weights; on the stack x and the number of channels left.
 */
#define CHANNEL(first, second)      \
  "  vldrb.s16 q4,[r1],#8\n"        \
  "  vmladava.s16 " first ",q0,q4\n" \
  "  vmladava.s16 " second ",q1,q4\n"

#define ROUND(q)                 \
  "  vcvt.f32.s32 " q "," q "\n" \
  "  vmul.f32 " q "," q ",q4\n"  \
  "  vcvtn.s32.f32 " q "," q "\n" \
  "  vqadd.s32 " q "," q ",r3\n" \
  "  vmax.s32 " q "," q ",q2\n"  \
  "  vmin.s32 " q "," q ",q3\n"

__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_gemm_mve_s16,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_gemm_mve_s16\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_gemm_mve_s16,%function\n"
    "nanoc_gemm_mve_s16:\n"
    "  push {r4-r11,lr}\n"
    "  vpush {d8,d9}\n"
    "  mov r9,r2\n"
    "  mov r11,r3\n"
    "  ldr r4,[r11,#4]\n"
    "  push {r0,r4}\n"
    "  ldrd r4,r6,[r11,#20]\n"
    "  vdup.32 q2,r4\n"
    "  vdup.32 q3,r6\n"
    "1: ldr r3,[sp]\n"
    "  ldr r5,[r11,#8]\n"
    "  ldr r7,[r11]\n"
    "  add r5,r5,r3\n"
    "  ldm r1!,{r0,r2,r4,r6}\n"
    "  mov r8,r0\n"
    "  mov r10,r2\n"
    "  mov r12,r4\n"
    "  mov lr,r6\n"
    "2: vldrh.u16 q0,[r3],#16\n"
    "  vldrh.u16 q1,[r5],#16\n" CHANNEL("r0", "r8") CHANNEL("r2", "r10") CHANNEL("r4", "r12") CHANNEL("r6", "lr")
    "  subs r7,r7,#1\n"
    "  bne 2b\n"
    "  vmov q0[2],q0[0],r0,r4\n"
    "  vmov q0[3],q0[1],r2,r6\n"
    "  vmov q1[2],q1[0],r8,r12\n"
    "  vmov q1[3],q1[1],r10,lr\n"
    "  vldrw.u32 q4,[r1],#16\n"
    "  ldrd r7,r3,[r11,#12]\n" ROUND("q0") ROUND("q1")
    "  ldr r5,[sp,#4]\n"
    "  mov r0,r9\n"
    "  add r7,r7,r9\n"
    "  vctp.32 r5\n"
    "  vpstt\n"
    "  vstrht.32 q1,[r7]\n"
    "  vstrht.32 q0,[r0]\n"
    "  adds r9,r9,#8\n"
    "  subs r5,r5,#4\n"
    "  str r5,[sp,#4]\n"
    "  bgt 1b\n"
    "  add sp,sp,#8\n"
    "  vpop {d8,d9}\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_gemm_mve_s16,.-nanoc_gemm_mve_s16\n"
    ".popsection\n"
);

#else

void nanoc_gemm_mve_s16(const int16_t *x, const uint32_t *w, int16_t *y, const nanoc_gemm_mve_s16_params *params) {
  const nanoc_gemm_mve_s16_params *p = params;
  for (int32_t channel = 0; channel < p->channels; channel += 4, w += 8 * (p->steps + 1)) {
    const int8_t *weights = (const int8_t *)(w + 4);
    for (int32_t pixel = 1; pixel >= 0; pixel--) {
      const int16_t *window = x + pixel * (p->x_step / 2);
      for (int32_t c = 0; c < 4 && channel + c < p->channels; c++) {
        int32_t sum = (int32_t)w[c];
        for (int32_t k = 0; k < 8 * p->steps; k++) {
          sum = nanoc_add_wrap(sum, window[k] * weights[4 * (k - (k & 7)) + 8 * c + (k & 7)]);
        }
        float scale;
        (void)memcpy(&scale, w + 4 + 8 * p->steps + c, sizeof scale);
        y[pixel * (p->y_step / 2) + channel + c] = (int16_t)nanoc_round_clamp((float)sum * scale, p->y_zero, p->low, p->high);
      }
    }
  }
}

#endif
