#include "nanoc/dsp_s16.h"

#if NANOC_DSP_ASSEMBLY

/*
 * r0 x, r1 weights, r2 end of a row of x, r3 rows left, r4 to r7 sums, r8 and r9 weights, r10 and r11 inputs, r12 step, lr parameters;
 * s11 starts, s12 x, s13 weights, s14 y, s15 groups left.
 */
#define CLAMP(sums)          \
  "  ssub16 r3," sums ",r10\n" \
  "  sel " sums "," sums ",r10\n" \
  "  ssub16 r3,r11," sums "\n" \
  "  sel " sums "," sums ",r11\n"

__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_taps_dsp_s16,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_taps_dsp_s16\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_taps_dsp_s16,%function\n"
    "nanoc_taps_dsp_s16:\n"
    "  push {r4-r11,lr}\n"
    "  ldr lr,[sp,#36]\n"
    "  vmov s11,r3\n"
    "  ldr r4,[lr,#36]\n"
    "  vmov s12,s13,r0,r1\n"
    "  vmov s14,s15,r2,r4\n"
    "1: vldmia r1!,{s4-s7}\n"
    "  vmov r2,s11\n"
    "  ldm r2!,{r4-r7}\n"
    "  vmov s11,r2\n"
    "  ldm lr,{r2,r3,r8,r12}\n"
    "  add r1,r1,r2\n"
    "  add r2,r0,r8\n"
    "  cbz r3,4f\n"
    "2: ldr r8,[r1],#4\n"
    "  ldrd r10,r11,[r0]\n"
    "  add r0,r0,r12\n"
    "  sxtb16 r9,r8\n"
    "  sxtb16 r8,r8,ror #8\n"
    "  smlabb r4,r10,r9,r4\n"
    "  smlatt r5,r10,r9,r5\n"
    "  smlabb r6,r11,r8,r6\n"
    "  smlatt r7,r11,r8,r7\n"
    "  cmp r0,r2\n"
    "  bne 2b\n"
    "  ldrd r8,r9,[lr,#16]\n"
    "  ldr r2,[lr,#8]\n"
    "  add r0,r0,r8\n"
    "  add r1,r1,r9\n"
    "  add r2,r0,r2\n"
    "  subs r3,r3,#1\n"
    "  bne 2b\n"
    "4: vmov s0,s1,r4,r5\n"
    "  vmov s2,s3,r6,r7\n"
    "  vcvt.f32.s32 s0,s0\n"
    "  vcvt.f32.s32 s1,s1\n"
    "  vcvt.f32.s32 s2,s2\n"
    "  vcvt.f32.s32 s3,s3\n"
    "  vmul.f32 s0,s0,s4\n"
    "  vmul.f32 s1,s1,s5\n"
    "  vmul.f32 s2,s2,s6\n"
    "  vmul.f32 s3,s3,s7\n"
    "  vcvtr.s32.f32 s0,s0\n"
    "  vcvtr.s32.f32 s1,s1\n"
    "  vcvtr.s32.f32 s2,s2\n"
    "  vcvtr.s32.f32 s3,s3\n"
    "  vmov r4,r5,s0,s1\n"
    "  vmov r6,r7,s2,s3\n"
    "  ldrd r9,r10,[lr,#24]\n"
    "  ldr r11,[lr,#32]\n"
    "  qadd r4,r4,r9\n"
    "  qadd r5,r5,r9\n"
    "  qadd r6,r6,r9\n"
    "  qadd r7,r7,r9\n"
    "  ssat r4,#16,r4\n"
    "  ssat r5,#16,r5\n"
    "  ssat r6,#16,r6\n"
    "  ssat r7,#16,r7\n"
    "  pkhbt r4,r4,r5,lsl #16\n"
    "  pkhbt r6,r6,r7,lsl #16\n" CLAMP("r4") CLAMP("r6")
    "  vmov r2,r3,s14,s15\n"
    "  vmov r0,r1,s12,s13\n"
    "  ldr r8,[lr,#40]\n"
    "  strd r4,r6,[r2],#8\n"
    "  add r0,r0,#8\n"
    "  add r1,r1,r8\n"
    "  subs r3,r3,#1\n"
    "  vmov s14,s15,r2,r3\n"
    "  vmov s12,s13,r0,r1\n"
    "  bne 1b\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_taps_dsp_s16,.-nanoc_taps_dsp_s16\n"
    ".popsection\n"
);

#else

void nanoc_taps_dsp_s16(const int16_t *x, const uint32_t *w, int16_t *y, const int32_t *starts, const nanoc_taps_dsp_s16_params *params) {
  const nanoc_taps_dsp_s16_params *p = params;
  for (int32_t group = 0; group < p->groups; group++, x += 4, w += p->group_bytes / 4, y += 4, starts += 4) {
    int32_t sums[4] = {starts[0], starts[1], starts[2], starts[3]};
    const int16_t *tap = x;
    const uint32_t *weight = w + 4 + p->first / 4;
    for (int32_t row = 0; row < p->rows; row++) {
      for (const int16_t *end = tap + p->row_bytes / 2; tap != end; tap += p->step / 2, weight++) {
        for (int32_t c = 0; c < 4; c++) {
          sums[c] = nanoc_add_wrap(sums[c], tap[c] * nanoc_dsp_byte(*weight, c));
        }
      }
      if (row + 1 < p->rows) {
        tap += p->x_skip / 2;
        weight += p->w_skip / 4;
      }
    }
    for (int32_t c = 0; c < 4; c++) {
      y[c] = nanoc_dsp_output_s16(sums[c], w[c], p->y_zero, p->lows, p->highs);
    }
  }
}

#endif
