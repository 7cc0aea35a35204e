#include "nanoc/dsp_any.h"

#if NANOC_DSP_ASSEMBLY

/*
 * r0 x, r1 stream, r2 and r4 S0 of two pairs of channels, r3 and r5 256 * S1 + S0, r6 to r9 inputs, r10 to r12 and lr weights;
 * s4 x, s5 where its eights end, s6 its end, s7 the negative zero point of x in both halfwords, s14 output, s15 end of the stream.
 */
__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_dot_unbiased_dsp,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_dot_unbiased_dsp\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_dot_unbiased_dsp,%function\n"
    "nanoc_dot_unbiased_dsp:\n"
    "  push {r4-r11,lr}\n"
    "  vmov s14,s15,r2,r3\n"
    "  ldr r4,[sp,#36]\n"
    "  bic r5,r4,#7\n"
    "  add r5,r0,r5\n"
    "  add r4,r0,r4\n"
    "  vmov s4,s5,r0,r5\n"
    "  ldr r5,[sp,#44]\n"
    "  vmov s6,s7,r4,r5\n"
    "1: mov r2,#0\n"
    "  mov r3,#0\n"
    "  mov r4,#0\n"
    "  mov r5,#0\n"
    "  b 3f\n"
    "2: ldm r0!,{r7,r9}\n"
    "  vmov r10,s7\n"
    "  sxtab16 r6,r10,r7\n"
    "  sxtab16 r7,r10,r7,ror #8\n"
    "  sxtab16 r8,r10,r9\n"
    "  sxtab16 r9,r10,r9,ror #8\n"
    "  ldm r1!,{r10,r11,r12,lr}\n"
    "  smlad r3,r6,r10,r3\n"
    "  sxtb16 r10,r10\n"
    "  smlad r2,r6,r10,r2\n"
    "  smlad r3,r7,r11,r3\n"
    "  sxtb16 r11,r11\n"
    "  smlad r2,r7,r11,r2\n"
    "  smlad r3,r8,r12,r3\n"
    "  sxtb16 r12,r12\n"
    "  smlad r2,r8,r12,r2\n"
    "  smlad r3,r9,lr,r3\n"
    "  sxtb16 lr,lr\n"
    "  smlad r2,r9,lr,r2\n"
    "  ldm r1!,{r10,r11,r12,lr}\n"
    "  smlad r5,r6,r10,r5\n"
    "  sxtb16 r10,r10\n"
    "  smlad r4,r6,r10,r4\n"
    "  smlad r5,r7,r11,r5\n"
    "  sxtb16 r11,r11\n"
    "  smlad r4,r7,r11,r4\n"
    "  smlad r5,r8,r12,r5\n"
    "  sxtb16 r12,r12\n"
    "  smlad r4,r8,r12,r4\n"
    "  smlad r5,r9,lr,r5\n"
    "  sxtb16 lr,lr\n"
    "  smlad r4,r9,lr,r4\n"
    "3: vmov r6,s5\n"
    "  cmp r0,r6\n"
    "  bne 2b\n"
    "  vmov r6,s6\n"
    "  cmp r0,r6\n"
    "  beq 4f\n"
    "  ldr r7,[r0],#4\n"
    "  vmov r10,s7\n"
    "  sxtab16 r6,r10,r7\n"
    "  sxtab16 r7,r10,r7,ror #8\n"
    "  ldm r1!,{r10,r11}\n"
    "  smlad r3,r6,r10,r3\n"
    "  sxtb16 r10,r10\n"
    "  smlad r2,r6,r10,r2\n"
    "  smlad r3,r7,r11,r3\n"
    "  sxtb16 r11,r11\n"
    "  smlad r2,r7,r11,r2\n"
    "  ldm r1!,{r10,r11}\n"
    "  smlad r5,r6,r10,r5\n"
    "  sxtb16 r10,r10\n"
    "  smlad r4,r6,r10,r4\n"
    "  smlad r5,r7,r11,r5\n"
    "  sxtb16 r11,r11\n"
    "  smlad r4,r7,r11,r4\n"
    "4: sub r3,r3,r2\n"
    "  sub r5,r5,r4\n"
    "  vmov s0,s1,r2,r3\n"
    "  vmov s2,s3,r4,r5\n"
    "  vldmia r1!,{s8-s11}\n"
    "  vcvt.f32.s32 s0,s0\n"
    "  vcvt.f32.s32 s1,s1\n"
    "  vcvt.f32.s32 s2,s2\n"
    "  vcvt.f32.s32 s3,s3\n"
    "  vmul.f32 s0,s0,s8\n"
    "  vmul.f32 s1,s1,s9\n"
    "  vmul.f32 s2,s2,s10\n"
    "  vmul.f32 s3,s3,s11\n"
    "  vcvtr.s32.f32 s0,s0\n"
    "  vcvtr.s32.f32 s1,s1\n"
    "  vcvtr.s32.f32 s2,s2\n"
    "  vcvtr.s32.f32 s3,s3\n"
    "  vmov r2,r3,s0,s1\n"
    "  vmov r4,r5,s2,s3\n"
    "  ldr r6,[sp,#40]\n"
    "  qadd r2,r2,r6\n"
    "  qadd r3,r3,r6\n"
    "  qadd r4,r4,r6\n"
    "  qadd r5,r5,r6\n"
    "  ssat r2,#8,r2\n"
    "  ssat r3,#8,r3\n"
    "  ssat r4,#8,r4\n"
    "  ssat r5,#8,r5\n"
    "  vmov r6,r7,s14,s15\n"
    "  strb r3,[r6,#1]\n"
    "  strb r4,[r6,#2]\n"
    "  strb r5,[r6,#3]\n"
    "  strb r2,[r6],#4\n"
    "  vmov s14,r6\n"
    "  vmov r0,s4\n"
    "  cmp r1,r7\n"
    "  bne 1b\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_dot_unbiased_dsp,.-nanoc_dot_unbiased_dsp\n"
    ".popsection\n"
);

#else

/* An input less its zero point. */
static int32_t input_of(int8_t x, uint32_t minus_zeros) {
  return x + (int16_t)(uint16_t)minus_zeros;
}

/* Sums of a pair of channels over eight inputs or four; the second one is 256 times itself and the first. */
static const uint32_t *add_pair(const int8_t *x, const uint32_t *w, int32_t inputs, uint32_t minus_zeros, uint32_t sums[2]) {
  for (int32_t k = 0; k < inputs; k += 4) {
    for (int32_t half = 0; half < 2; half++, w++) {
      const uint32_t low = (uint32_t)(uint16_t)input_of(x[k + half], minus_zeros);
      const uint32_t high = (uint32_t)(uint16_t)input_of(x[k + half + 2], minus_zeros);
      sums[0] = nanoc_dsp_smlad(low | (high << 16), nanoc_dsp_sxtb16(*w), sums[0]);
      sums[1] = nanoc_dsp_smlad(low | (high << 16), *w, sums[1]);
    }
  }
  return w;
}

void nanoc_dot_unbiased_dsp(const int8_t *x, const uint32_t *w, int8_t *y, const uint32_t *w_end, int32_t inner, int32_t zero, uint32_t minus_zeros) {
  while (w != w_end) {
    uint32_t sums[4] = {0, 0, 0, 0};
    float scale[4];
    for (int32_t start = 0; start < inner; start += 8) {
      const int32_t inputs = inner - start < 8 ? inner - start : 8;
      w = add_pair(x + start, w, inputs, minus_zeros, sums);
      w = add_pair(x + start, w, inputs, minus_zeros, sums + 2);
    }
    sums[1] -= sums[0];
    sums[3] -= sums[2];
    (void)memcpy(scale, w, sizeof scale);
    for (int32_t c = 0; c < 4; c++) {
      *y++ = (int8_t)nanoc_round_clamp((float)(int32_t)sums[c] * scale[c], zero, -128, 127);
    }
    w += 4;
  }
}

#endif
