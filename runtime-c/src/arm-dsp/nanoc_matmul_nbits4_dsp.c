#include "nanoc/dsp.h"
#include "nanoc/dual.h"
#include "nanoc/nbits4.h"

/* A row is a record for each block: what sums start from, steps, pairs of elements, scale, sum. */
enum { STARTS = 4, HEAD = 5, TAIL = 2 };

/* What the assembly walks through; `y` moves. */
typedef struct {
  const uint32_t *weights;
  const float *scales;
  float *y;
  float *y_end;
  /* cppcheck-suppress unusedStructMember; the assembly reads it */
  const uint32_t *x_end;
  const int8_t *zeros;
  const float *bias;
  /* cppcheck-suppress unusedStructMember; the assembly reads it */
  uint32_t bias_step; /* bytes from one group to the next */
} dsp_groups;

#if NANOC_DSP_ASSEMBLY

/*
 * Groups from y to y_end, one at least, for one row. r0 x, r1 weights; of a word of weights and its fields (columns 0 and 1, 0 and 2, 0): r5 S0 + 16 S1 + 256 S2 + 4096 S3,
 * r3 S0 + 16 S1, r4 S0 + 256 S2, r2 S0; r6 to r9 elements, r10 to r12 weights, lr steps; s8 to s11 sums of the group, s13 scales, s14 end of x.
 */
#define WORDS_OF_EIGHT \
    "  ldm r0!,{r6-r9}\n  ldm r1!,{r10,r11}\n" \
    "  smlad r5,r6,r10,r5\n  uxtb16 r12,r10\n  smlad r3,r6,r12,r3\n  and r10,r10,#0x0f0f0f0f\n" \
    "  smlad r4,r6,r10,r4\n  uxtb16 r10,r10\n  smlad r2,r6,r10,r2\n" \
    "  smlad r5,r7,r11,r5\n  uxtb16 r12,r11\n  smlad r3,r7,r12,r3\n  and r11,r11,#0x0f0f0f0f\n" \
    "  smlad r4,r7,r11,r4\n  uxtb16 r11,r11\n  smlad r2,r7,r11,r2\n" \
    "  ldm r1!,{r10,r11}\n" \
    "  smlad r5,r8,r10,r5\n  uxtb16 r12,r10\n  smlad r3,r8,r12,r3\n  and r10,r10,#0x0f0f0f0f\n" \
    "  smlad r4,r8,r10,r4\n  uxtb16 r10,r10\n  smlad r2,r8,r10,r2\n" \
    "  smlad r5,r9,r11,r5\n  uxtb16 r12,r11\n  smlad r3,r9,r12,r3\n  and r11,r11,#0x0f0f0f0f\n" \
    "  smlad r4,r9,r11,r4\n  uxtb16 r11,r11\n  smlad r2,r9,r11,r2\n"

#define GROUPS(name, zeros) \
  __asm__( \
    ".syntax unified\n  .pushsection .text." name ",\"ax\",%progbits\n  .p2align 2\n  .global " name "\n  .thumb\n  .thumb_func\n" \
    "  .type " name ",%function\n" name ":\n" \
    "  push {r0,r1,r4-r11,lr}\n  ldr r6,[r1,#4]\n  ldr r7,[r1,#16]\n  ldr r1,[r1]\n  vmov s13,r6\n  vmov s14,r7\n" \
    "1: ldr r6,[sp,#4]\n  ldr r0,[sp]\n  ldrd r7,r8,[r6,#24]\n  vldm r7,{s8-s11}\n  add r7,r8\n  str r7,[r6,#24]\n" \
    "2: ldm r0!,{r2-r5,lr}\n" \
    "3:\n" WORDS_OF_EIGHT WORDS_OF_EIGHT \
    "  subs lr,#1\n  bne 3b\n" \
    "  sub r5,r5,r3\n  sub r3,r3,r2\n  sub r4,r4,r2\n  sub r5,r5,r4\n" zeros \
    "  vmov r6,s13\n  vmov s0,s1,r2,r3\n  vmov s2,s3,r4,r5\n  vldm r6!,{s4-s7}\n  vldm r0!,{s12}\n  vmov s13,r6\n  add r0,#4\n" \
    "  vcvt.f32.s32 s0,s0\n  vcvt.f32.s32 s1,s1,#4\n  vcvt.f32.s32 s2,s2,#8\n  vcvt.f32.s32 s3,s3,#12\n" \
    "  vmul.f32 s4,s4,s12\n  vmul.f32 s5,s5,s12\n  vmul.f32 s6,s6,s12\n  vmul.f32 s7,s7,s12\n" \
    "  vmul.f32 s0,s0,s4\n  vmul.f32 s1,s1,s5\n  vmul.f32 s2,s2,s6\n  vmul.f32 s3,s3,s7\n" \
    "  vadd.f32 s8,s8,s0\n  vadd.f32 s9,s9,s1\n  vadd.f32 s10,s10,s2\n  vadd.f32 s11,s11,s3\n" \
    "  vmov r6,s14\n  cmp r0,r6\n  bne 2b\n" \
    "  ldr r6,[sp,#4]\n  ldrd r7,r8,[r6,#8]\n  vstm r7!,{s8-s11}\n  str r7,[r6,#8]\n  cmp r7,r8\n  bne 1b\n" \
    "  pop {r0,r1,r4-r11,pc}\n  .size " name ",.-" name "\n  .popsection\n")

GROUPS("nanoc_matmul_nbits4_dsp_groups", "");
/* r6 four zero points less 8, r7 sum of the block; S1 to S3 are still 16, 256 and 4096 times themselves. */
GROUPS("nanoc_matmul_nbits4_dsp_zeros",
    "  ldr r9,[sp,#4]\n  ldr r10,[r9,#20]\n  ldr r6,[r10],#4\n  str r10,[r9,#20]\n  ldr r7,[r0,#4]\n"
    "  sxtb r8,r6\n  mls r2,r8,r7,r2\n  sxtb r8,r6,ror #8\n  lsl r8,r8,#4\n  mls r3,r8,r7,r3\n"
    "  sxtb r8,r6,ror #16\n  lsl r8,r8,#8\n  mls r4,r8,r7,r4\n  sxtb r8,r6,ror #24\n  lsl r8,r8,#12\n  mls r5,r8,r7,r5\n");

void nanoc_matmul_nbits4_dsp_groups(const uint32_t *x, dsp_groups *groups);
void nanoc_matmul_nbits4_dsp_zeros(const uint32_t *x, dsp_groups *groups);

#else

static float float_of(uint32_t bits) {
  float value;
  (void)memcpy(&value, &bits, 4);
  return value;
}

static inline int32_t element(uint32_t pair, int32_t half) { return (int16_t)(uint16_t)(pair >> (16 * half)); }

/* The same in C; columns one by one. */
static void nanoc_matmul_nbits4_dsp_zeros(const uint32_t *x, dsp_groups *groups) {
  while (groups->y != groups->y_end) {
    nanoc_nbits4_copy(groups->y, groups->bias, NANOC_NBITS4_GROUP);
    groups->bias += groups->bias_step / sizeof(float);
    for (const uint32_t *at = x; at != groups->x_end;) {
      const uint32_t *pairs = at + HEAD;
      const int32_t words = 8 * (int32_t)at[STARTS];
      int32_t dots[NANOC_NBITS4_GROUP] = {0, 0, 0, 0};
      for (int32_t i = 0; i < words; i++) {
        const uint32_t word = *groups->weights++ ^ 0x80008000u;
        for (int32_t c = 0; c < NANOC_NBITS4_GROUP; c++) {
          dots[c] += element(pairs[i], 0) * ((int32_t)((word >> (4 * c)) & 15u) - 8);
          dots[c] += element(pairs[i], 1) * ((int32_t)((word >> (16 + 4 * c)) & 15u) - 8);
        }
      }
      at = pairs + words;
      nanoc_nbits4_add(groups->y, dots, float_of(at[0]), (int32_t)at[1], groups->scales, groups->zeros);
      groups->scales += NANOC_NBITS4_GROUP;
      groups->zeros += groups->zeros == NULL ? 0 : NANOC_NBITS4_GROUP;
      at += TAIL;
    }
    groups->y += NANOC_NBITS4_GROUP;
  }
}

static void nanoc_matmul_nbits4_dsp_groups(const uint32_t *x, dsp_groups *groups) { nanoc_matmul_nbits4_dsp_zeros(x, groups); }

#endif

/* 1.5 * 2^23 pushes the fraction out of the mantissa: the low half is the rounded number. */
static inline uint32_t nearest(float x) {
  const float magic = x + 12582912.0f;
  uint32_t bits;
  (void)memcpy(&bits, &magic, 4);
  return bits;
}

static inline uint32_t plain_pair(const float *x, float inverse) {
  return (nearest(x[0] * inverse) & 0xFFFFu) | (nearest(x[1] * inverse) << 16);
}

/* Fours of elements of a plain block. */
static int32_t fill_fours(const float *x, uint32_t *pairs, int32_t count, float inverse) {
  int32_t total = 0;
  for (int32_t k = 0; k < count; k += 4) {
    pairs[0] = plain_pair(x, inverse);
    pairs[1] = plain_pair(x + 2, inverse);
    total = nanoc_dual_both(pairs[1], 0x00010001u, nanoc_dual_both(pairs[0], 0x00010001u, total));
    x += 4;
    pairs += 2;
  }
  return total;
}

static inline uint32_t pack(int32_t low, int32_t high) { return ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16); }

static int32_t fill(const float *x, uint32_t *pairs, int32_t count, int32_t padded, float inverse) {
  int32_t total = 0;
  int32_t k = 0;
  for (; k + 2 <= count; k += 2) {
    const int32_t low = nanoc_nbits4_quantized(x[k], inverse, 0);
    const int32_t high = nanoc_nbits4_quantized(x[k + 1], inverse, 0);
    total += low + high;
    *pairs++ = pack(low, high);
  }
  for (; k < padded; k += 2) {
    const int32_t low = k < count ? nanoc_nbits4_quantized(x[k], inverse, 0) : 0;
    total += low;
    *pairs++ = pack(low, 0);
  }
  return total;
}

static uint32_t *quantize_block(const float *x, uint32_t *to, int32_t count, int32_t padded) {
  const float largest = nanoc_nbits_largest(x, count);
  const nanoc_nbits_scale own = nanoc_nbits_scale_of(largest);
  uint32_t *pairs = to + HEAD;
  const int32_t fours = nanoc_nbits4_is_plain(largest) ? count & ~3 : 0;
  int32_t total = fill_fours(x, pairs, fours, own.inverse);
  total += fill(x + fours, pairs + fours / 2, count - fours, padded - fours, own.inverse);
  const uint32_t start = (uint32_t)(-8 * total);
  to[0] = start;
  to[1] = 17u * start;
  to[2] = 257u * start;
  to[3] = 273u * start;
  to[STARTS] = (uint32_t)padded / NANOC_NBITS4_STEP;
  uint32_t *tail = pairs + padded / 2;
  (void)memcpy(tail, &own.scale, 4);
  tail[1] = (uint32_t)total;
  return tail + TAIL;
}

static void run(const uint32_t *x, dsp_groups *groups, float *y, int32_t count) {
  groups->y = y;
  groups->y_end = y + count;
  if (count == 0) {
    return;
  }
  if (groups->zeros == NULL) {
    nanoc_matmul_nbits4_dsp_groups(x, groups);
  } else {
    nanoc_matmul_nbits4_dsp_zeros(x, groups);
  }
}

static void multiply(const uint32_t *x, const uint32_t *x_end, float *y, const nanoc_nbits4_params *params) {
  const int32_t blocks = nanoc_nbits_blocks(params->inner, params->block);
  const int32_t rest = params->columns % NANOC_NBITS4_GROUP;
  const int32_t whole = params->columns - rest;
  dsp_groups groups = {params->weights, params->scales, NULL, NULL, x_end, params->zeros, nanoc_nbits4_bias(params, 0), params->bias == NULL ? 0u : 16u};
  run(x, &groups, y, whole);
  if (rest != 0) {
    float sums[NANOC_NBITS4_GROUP];
    groups.weights = params->weights + whole * nanoc_nbits4_padded(params->inner) / 8;
    groups.scales = params->scales + whole * blocks;
    groups.zeros = params->zeros == NULL ? NULL : params->zeros + whole * blocks;
    groups.bias = nanoc_nbits4_bias(params, whole);
    run(x, &groups, sums, NANOC_NBITS4_GROUP);
    nanoc_nbits4_copy(y + whole, sums, rest);
  }
}

void nanoc_matmul_nbits4_dsp(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params) {
  const int32_t blocks = nanoc_nbits_blocks(params->inner, params->block);
  for (int32_t r = 0; r < params->rows; r++) {
    uint32_t *end = scratch;
    for (int32_t b = 0; b < blocks; b++) {
      end = quantize_block(x + b * params->block, end, nanoc_nbits4_count(params, b), nanoc_nbits4_length(params, b));
    }
    multiply(scratch, end, y, params);
    x += params->inner;
    y += params->columns;
  }
}
