#include "nanoc/dsp_s16.h"

#if NANOC_DSP_ASSEMBLY

/*
 * r0 x, r1 stream, r2 end of x, r3 weights of a channel, r4 and r5 sums of channel 0, r6 and r7 of channel 1, r8 and r9 words of weights,
 * r10, r11 pixel 0, r12, lr pixel 1; s12 x, s13 its end, s14 output, s15 end of the stream, s11 parameters behind inner.
 */
#define GROUP             \
  "  ldm r1!,{r8,r9}\n"   \
  "  ldm r0!,{r10-r12,lr}\n" \
  "  sxtb16 r3,r8\n"      \
  "  sxtb16 r8,r8,ror #8\n" \
  "  smlad r4,r10,r3,r4\n" \
  "  smlad r5,r12,r3,r5\n" \
  "  sxtb16 r3,r9\n"      \
  "  smlad r4,r11,r8,r4\n" \
  "  smlad r5,lr,r8,r5\n" \
  "  sxtb16 r9,r9,ror #8\n" \
  "  smlad r6,r10,r3,r6\n" \
  "  smlad r7,r12,r3,r7\n" \
  "  smlad r6,r11,r9,r6\n" \
  "  smlad r7,lr,r9,r7\n"

/* Halfwords of `sums` not below those of r8, not above those of r9. */
#define CLAMP(sums)          \
  "  ssub16 r3," sums ",r8\n" \
  "  sel " sums "," sums ",r8\n" \
  "  ssub16 r3,r9," sums "\n" \
  "  sel " sums "," sums ",r9\n"

__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_gemm_dsp_s16,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_gemm_dsp_s16\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_gemm_dsp_s16,%function\n"
    "nanoc_gemm_dsp_s16:\n"
    "  push {r4-r11,lr}\n"
    "  vmov s14,s15,r2,r3\n"
    "  ldr r3,[sp,#36]\n"
    "  ldr r2,[r3],#4\n"
    "  vmov s11,r3\n"
    "  add r2,r0,r2,lsl #2\n"
    "  vmov s12,s13,r0,r2\n"
    "1: ldm r1!,{r4,r6}\n"
    "  mov r5,r4\n"
    "  mov r7,r6\n"
    "  sub r3,r2,r0\n"
    "  tst r3,#16\n"
    "  bne 3f\n"
    "2:\n" GROUP "3:\n" GROUP
    "  cmp r0,r2\n"
    "  bne 2b\n"
    "  vmov s0,s1,r4,r5\n"
    "  vmov s2,s3,r6,r7\n"
    "  vldmia r1!,{s8,s9}\n"
    "  vcvt.f32.s32 s0,s0\n"
    "  vcvt.f32.s32 s1,s1\n"
    "  vcvt.f32.s32 s2,s2\n"
    "  vcvt.f32.s32 s3,s3\n"
    "  vmul.f32 s0,s0,s8\n"
    "  vmul.f32 s1,s1,s8\n"
    "  vmul.f32 s2,s2,s9\n"
    "  vmul.f32 s3,s3,s9\n"
    "  vcvtr.s32.f32 s0,s0\n"
    "  vcvtr.s32.f32 s1,s1\n"
    "  vcvtr.s32.f32 s2,s2\n"
    "  vcvtr.s32.f32 s3,s3\n"
    "  vmov r4,r5,s0,s1\n"
    "  vmov r6,r7,s2,s3\n"
    "  vmov r3,s11\n"
    "  ldm r3,{r0,r3,r8,r9}\n"
    "  qadd r4,r4,r3\n"
    "  qadd r5,r5,r3\n"
    "  qadd r6,r6,r3\n"
    "  qadd r7,r7,r3\n"
    "  ssat r4,#16,r4\n"
    "  ssat r5,#16,r5\n"
    "  ssat r6,#16,r6\n"
    "  ssat r7,#16,r7\n"
    "  pkhbt r4,r4,r6,lsl #16\n"
    "  pkhbt r5,r5,r7,lsl #16\n" CLAMP("r4") CLAMP("r5")
    "  vmov r10,r11,s14,s15\n"
    "  str r5,[r10,r0]\n"
    "  str r4,[r10],#4\n"
    "  vmov s14,r10\n"
    "  vmov r0,r2,s12,s13\n"
    "  cmp r1,r11\n"
    "  bne 1b\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_gemm_dsp_s16,.-nanoc_gemm_dsp_s16\n"
    ".popsection\n"
);

#else

static int16_t output(int32_t sum, uint32_t scale, const nanoc_gemm_dsp_s16_params *p) {
  return nanoc_dsp_output_s16(sum, scale, p->y_zero, p->lows, p->highs);
}

void nanoc_gemm_dsp_s16(const int16_t *x, const uint32_t *w, int16_t *y, const uint32_t *w_end, const nanoc_gemm_dsp_s16_params *params) {
  for (; w != w_end; y += 2) {
    int32_t sums[2][2] = {{(int32_t)w[0], (int32_t)w[1]}, {(int32_t)w[0], (int32_t)w[1]}};
    w += 2;
    for (int32_t k = 0; k < params->inner; k += 4, w += 2) {
      for (int32_t i = 0; i < 16; i++) {
        const int32_t channel = (i >> 2) & 1;
        const int32_t product = x[2 * k + 4 * (i >> 3) + (i & 3)] * nanoc_dsp_byte(w[channel], i & 3);
        sums[i >> 3][channel] = nanoc_add_wrap(sums[i >> 3][channel], product);
      }
    }
    int16_t *const second = y + params->step / 2;
    second[0] = output(sums[1][0], w[0], params);
    second[1] = output(sums[1][1], w[1], params);
    y[0] = output(sums[0][0], w[0], params);
    y[1] = output(sums[0][1], w[1], params);
    w += 2;
  }
}

#endif
