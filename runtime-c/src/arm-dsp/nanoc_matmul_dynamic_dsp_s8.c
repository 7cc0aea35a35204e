#include "nanoc/dsp_dynamic.h"

#include "nanoc/fours.h"

#if NANOC_DSP_ASSEMBLY

/*
 * r0 a, r1 columns, r2 to r5 sums, r6 and r7 halfwords of a, r8 to r11 of four columns, lr fours left;
 * s0-s3 starts, s4 scale, s5 zero, s6 rows left, s7 fours, s8 back, s9 step of y, s10 y, s11 columns.
 */
#define FOUR                \
  "  ldr r6,[r0],#4\n"      \
  "  sxtb16 r7,r6\n"        \
  "  sxtb16 r6,r6,ror #8\n" \
  "  ldm r1!,{r8-r11}\n"    \
  "  smlad r2,r7,r8,r2\n"   \
  "  smlad r3,r7,r10,r3\n"  \
  "  smlad r2,r6,r9,r2\n"   \
  "  smlad r3,r6,r11,r3\n"  \
  "  ldm r1!,{r8-r11}\n"    \
  "  smlad r4,r7,r8,r4\n"   \
  "  smlad r5,r7,r10,r5\n"  \
  "  smlad r4,r6,r9,r4\n"   \
  "  smlad r5,r6,r11,r5\n"

__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_matmul_dynamic_dsp_s8_rows,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_matmul_dynamic_dsp_s8_rows\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_matmul_dynamic_dsp_s8_rows,%function\n"
    "nanoc_matmul_dynamic_dsp_s8_rows:\n"
    "  push {r4-r11,lr}\n"
    "  vldmia r3,{s0-s9}\n"
    "  vmov s10,s11,r2,r1\n"
    "1: vmov r2,r3,s0,s1\n"
    "  vmov r4,r5,s2,s3\n"
    "  vmov r1,s11\n"
    "  vmov lr,s7\n"
    "  tst lr,#1\n"
    "  bne 3f\n"
    "2:\n" FOUR "3:\n" FOUR
    "  subs lr,lr,#2\n"
    "  bgt 2b\n"
    "  vmov r6,s8\n"
    "  cbz r6,4f\n"
    "  sub r0,r0,r6\n" FOUR
    "4: vmov s12,s13,r2,r3\n"
    "  vmov s14,s15,r4,r5\n"
    "  vcvt.f32.s32 s12,s12\n"
    "  vcvt.f32.s32 s13,s13\n"
    "  vcvt.f32.s32 s14,s14\n"
    "  vcvt.f32.s32 s15,s15\n"
    "  vmul.f32 s12,s12,s4\n"
    "  vmul.f32 s13,s13,s4\n"
    "  vmul.f32 s14,s14,s4\n"
    "  vmul.f32 s15,s15,s4\n"
    "  vcvtr.s32.f32 s12,s12\n"
    "  vcvtr.s32.f32 s13,s13\n"
    "  vcvtr.s32.f32 s14,s14\n"
    "  vcvtr.s32.f32 s15,s15\n"
    "  vmov r2,r3,s12,s13\n"
    "  vmov r4,r5,s14,s15\n"
    "  vmov r6,r7,s5,s6\n"
    "  vmov r8,r9,s9,s10\n"
    "  qadd r2,r2,r6\n"
    "  qadd r3,r3,r6\n"
    "  qadd r4,r4,r6\n"
    "  qadd r5,r5,r6\n"
    "  ssat r2,#8,r2\n"
    "  ssat r3,#8,r3\n"
    "  ssat r4,#8,r4\n"
    "  ssat r5,#8,r5\n"
    "  strb r2,[r9]\n"
    "  strb r3,[r9,#1]\n"
    "  strb r4,[r9,#2]\n"
    "  strb r5,[r9,#3]\n"
    "  add r9,r9,r8\n"
    "  vmov s10,r9\n"
    "  subs r7,r7,#1\n"
    "  vmov s6,r7\n"
    "  bne 1b\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_matmul_dynamic_dsp_s8_rows,.-nanoc_matmul_dynamic_dsp_s8_rows\n"
    ".popsection\n"
);

#else

static const uint32_t *add_four(const int8_t *a, const uint32_t *w, uint32_t sums[4]) {
  const uint32_t even = (uint32_t)(uint16_t)a[0] | ((uint32_t)(uint16_t)a[2] << 16);
  const uint32_t odd = (uint32_t)(uint16_t)a[1] | ((uint32_t)(uint16_t)a[3] << 16);
  for (int32_t c = 0; c < 4; c++, w += 2) {
    sums[c] = nanoc_dsp_smlad(odd, w[1], nanoc_dsp_smlad(even, w[0], sums[c]));
  }
  return w;
}

void nanoc_matmul_dynamic_dsp_s8_rows(const int8_t *a, const uint32_t *columns, int8_t *y, const nanoc_dynamic_block *block) {
  for (int32_t row = 0; row < block->rows; row++, y += block->y_step) {
    uint32_t sums[4];
    const uint32_t *w = columns;
    (void)memcpy(sums, block->starts, sizeof sums);
    for (int32_t i = 0; i < block->fours; i++, a += 4) {
      w = add_four(a, w, sums);
    }
    if (block->back > 0) {
      a -= block->back;
      (void)add_four(a, w, sums);
      a += 4;
    }
    for (int32_t c = 0; c < 4; c++) {
      y[c] = (int8_t)nanoc_round_clamp((float)(int32_t)sums[c] * block->scale, block->y_zero, -128, 127);
    }
  }
}

#endif

/* Elements (row, column) of b less its zero point, 0 for rows below `first`. */
static inline uint32_t halfword(const int8_t *b, int32_t columns, int32_t row, int32_t first, int32_t zero) {
  return row < first ? 0u : (uint32_t)(uint16_t)(b[row * columns] - zero);
}

/* Four rows of b from `row` on, four columns; adds to the sums of the columns. Rows below `first` count as 0. */
static uint32_t *pack_four(const int8_t *b, int32_t columns, int32_t row, int32_t first, int32_t zero, uint32_t *to, int32_t sums[4]) {
  for (int32_t c = 0; c < 4; c++) {
    uint32_t k[4];
    for (int32_t i = 0; i < 4; i++) {
      k[i] = halfword(b + c, columns, row + i, first, zero);
      sums[c] += (int16_t)(uint16_t)k[i];
    }
    *to++ = k[0] | (k[2] << 16);
    *to++ = k[1] | (k[3] << 16);
  }
  return to;
}

#if NANOC_SIMD_FOURS

static inline uint32_t widened(uint32_t word, uint32_t minus_zeros) {
  return (uint32_t)__sxtab16((int16x2_t)minus_zeros, (int8x4_t)word);
}

/* Columns of four rows of b, which lie in the low or the high halves of `rows`; adds to their sum. */
static inline uint32_t *pack_column(const uint32_t rows[4], int32_t is_high, uint32_t *to, int32_t *sum) {
  for (int32_t i = 0; i < 2; i++) {
    const uint32_t pair = is_high != 0 ? (rows[i] >> 16) | (rows[i + 2] & 0xFFFF0000u) : (rows[i] & 0xFFFFu) | (rows[i + 2] << 16);
    *sum = __smlad((int16x2_t)pair, 0x00010001, *sum);
    *to++ = pair;
  }
  return to;
}

/* Four rows of b, four columns. */
static inline uint32_t *pack_words(const int8_t *b, int32_t columns, uint32_t minus_zeros, uint32_t *to, int32_t sums[4]) {
  uint32_t even[4];
  uint32_t odd[4];
  for (int32_t i = 0; i < 4; i++, b += columns) {
    uint32_t word;
    (void)memcpy(&word, b, 4);
    even[i] = widened(word, minus_zeros);
    odd[i] = widened((word >> 8) | (word << 24), minus_zeros);
  }
  to = pack_column(even, 0, to, &sums[0]);
  to = pack_column(odd, 0, to, &sums[1]);
  to = pack_column(even, 1, to, &sums[2]);
  return pack_column(odd, 1, to, &sums[3]);
}

#endif

/* Four columns from b on. */
static void pack(const int8_t *b, const nanoc_matmul_dynamic_s8_params *p, uint32_t *to, int32_t sums[4]) {
  const int32_t whole = p->inner & ~3;
#if NANOC_SIMD_FOURS
  const uint32_t minus_zeros = (uint32_t)(uint16_t)-p->b_zero * 0x10001u;
  int32_t s[4] = {0, 0, 0, 0};
  for (int32_t row = 0; row < whole; row += 4) {
    to = pack_words(b + row * p->columns, p->columns, minus_zeros, to, s);
  }
  (void)memcpy(sums, s, sizeof s);
#else
  for (int32_t row = 0; row < whole; row += 4) {
    to = pack_four(b, p->columns, row, 0, p->b_zero, to, sums);
  }
#endif
  if (whole != p->inner) {
    (void)pack_four(b, p->columns, p->inner - 4, whole, p->b_zero, to, sums);
  }
}

void nanoc_matmul_dynamic_dsp_s8(const int8_t *a, const int8_t *b, int8_t *y, uint32_t *scratch, const nanoc_matmul_dynamic_s8_params *params) {
  const nanoc_matmul_dynamic_s8_params *p = params;
  const int32_t columns = p->columns;
  nanoc_dynamic_block block = {{0, 0, 0, 0}, p->output.scale[0], p->output.y_zero, p->rows, p->inner / 4, 0, columns};
  block.back = p->inner % 4 == 0 ? 0 : 4 - p->inner % 4;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t column = 0; column < columns; column += 4) {
      const int32_t first = column > columns - 4 ? columns - 4 : column;
      int32_t sums[4] = {0, 0, 0, 0};
      pack(b + first, p, scratch, sums);
      for (int32_t c = 0; c < 4; c++) {
        block.starts[c] = (p->bias == NULL ? 0 : p->bias[first + c]) - p->a_zero * sums[c];
      }
      nanoc_matmul_dynamic_dsp_s8_rows(a, scratch, y + first, &block);
    }
    if (p->output.low > -128 || p->output.high < 127) {
      nanoc_dsp_clamp(y, p->rows * columns, p->output.low, p->output.high);
    }
    a += p->a_step;
    b += p->b_step;
    y += p->rows * columns;
  }
}
