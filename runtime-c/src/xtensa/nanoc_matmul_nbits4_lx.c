#include "nanoc/nbits4.h"
#include "nanoc/xtensa.h"

/*
 * A row is a record for each block: what the sums of the columns 0, of 0 and 1, and of 0, 1 and 2 start from, eights of elements, pairs of
 * elements, scale, sum.
 */
enum { EIGHTS = 3, HEAD = 4, TAIL = 2 };

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
} lx_groups;

#if NANOC_MAC16_ASSEMBLY

/*
 * Groups from y to y_end, one at least, for one row. a2 elements, a4 weights. Eight elements stay in m0 to m3 and their weights in a8 to a11, while the accumulator passes over
 * them four times, and a mask takes a column away in between: a5 sums S0 + 16 S1 + 256 S2 + 4096 S3, a6 without S3, a7 without S2, a12 S0. f4 to f7 sums of the group, f8 scale
 * of the block, f9 points to scales, f10 is the end of x. QEMU has what LDINC loads only behind another load, and does not see a second one into the same register before a jump.
 */
#define PASS(sum) \
  "  wsr.acclo " sum "\n  mula.da.ll m0,a8\n  mula.da.hh m0,a8\n  mula.da.ll m1,a9\n  mula.da.hh m1,a9\n" \
  "  mula.ad.ll a10,m2\n  mula.ad.hh a10,m2\n  mula.ad.ll a11,m3\n  mula.ad.hh a11,m3\n  rsr.acclo " sum "\n"
#define MASK(mask) "  and a8,a8," mask "\n  and a9,a9," mask "\n  and a10,a10," mask "\n  and a11,a11," mask "\n"

#define GROUPS(name, zeros) \
  __asm__( \
    "  .pushsection .text." name ",\"ax\",@progbits\n  .literal_position\n  .align 4\n  .global " name "\n" \
    "  .type " name ",@function\n" name ":\n" \
    "  entry a1,48\n  s32i a2,a1,0\n  s32i a3,a1,4\n  l32i a4,a3,0\n  l32i a8,a3,4\n  wfr f9,a8\n  l32i a8,a3,16\n  wfr f10,a8\n" \
    "  movi a13,0x0fff0fff\n  movi a14,0x00ff00ff\n  movi a15,0x000f000f\n" \
    "1: l32i a3,a1,4\n  l32i a2,a1,0\n  l32i a8,a3,24\n  l32i a9,a3,28\n" \
    "  lsi f4,a8,0\n  lsi f5,a8,4\n  lsi f6,a8,8\n  lsi f7,a8,12\n  add a8,a8,a9\n  s32i a8,a3,24\n" \
    "2: l32i a12,a2,0\n  l32i a7,a2,4\n  l32i a5,a2,8\n  mov a6,a5\n  l32i a3,a2,12\n  addi a2,a2,12\n" \
    "  loop a3,3f\n" \
    "  ldinc m0,a2\n  ldinc m1,a2\n  ldinc m2,a2\n  ldinc m3,a2\n" \
    "  l32i a8,a4,0\n  l32i a9,a4,4\n  l32i a10,a4,8\n  l32i a11,a4,12\n  addi a4,a4,16\n" \
    PASS("a5") MASK("a13") PASS("a6") MASK("a14") PASS("a7") MASK("a15") PASS("a12") \
  "3: sub a5,a5,a6\n  sub a6,a6,a7\n  sub a7,a7,a12\n" zeros \
    "  rfr a8,f9\n  lsi f8,a2,4\n  lsi f11,a8,0\n  lsi f12,a8,4\n  lsi f13,a8,8\n  lsi f14,a8,12\n  addi a8,a8,16\n  wfr f9,a8\n" \
    "  float.s f0,a12,0\n  float.s f1,a7,4\n  float.s f2,a6,8\n  float.s f3,a5,12\n" \
    "  mul.s f11,f11,f8\n  mul.s f12,f12,f8\n  mul.s f13,f13,f8\n  mul.s f14,f14,f8\n" \
    "  mul.s f0,f0,f11\n  mul.s f1,f1,f12\n  mul.s f2,f2,f13\n  mul.s f3,f3,f14\n" \
    "  add.s f4,f4,f0\n  add.s f5,f5,f1\n  add.s f6,f6,f2\n  add.s f7,f7,f3\n" \
    "  addi a2,a2,12\n  rfr a8,f10\n  beq a2,a8,5f\n  j 2b\n" \
    "5: l32i a3,a1,4\n  l32i a8,a3,8\n  l32i a9,a3,12\n  ssi f4,a8,0\n  ssi f5,a8,4\n  ssi f6,a8,8\n  ssi f7,a8,12\n  addi a8,a8,16\n  s32i a8,a3,8\n" \
    "  beq a8,a9,6f\n  j 1b\n" \
    "6: retw\n  .size " name ",.-" name "\n  .popsection\n")

GROUPS("nanoc_matmul_nbits4_lx_groups", "");
/* a3 four zero points less 8, a9 sum of the block; S1 to S3 are still 16, 256 and 4096 times themselves. */
GROUPS("nanoc_matmul_nbits4_lx_zeros",
    "  l32i a9,a2,8\n  l32i a10,a1,4\n  l32i a11,a10,20\n  l32i a3,a11,0\n  addi a11,a11,4\n  s32i a11,a10,20\n"
    "  sext a8,a3,7\n  mull a8,a8,a9\n  sub a12,a12,a8\n  srli a3,a3,8\n"
    "  sext a8,a3,7\n  mull a8,a8,a9\n  slli a8,a8,4\n  sub a7,a7,a8\n  srli a3,a3,8\n"
    "  sext a8,a3,7\n  mull a8,a8,a9\n  slli a8,a8,8\n  sub a6,a6,a8\n  srli a3,a3,8\n"
    "  sext a8,a3,7\n  mull a8,a8,a9\n  slli a8,a8,12\n  sub a5,a5,a8\n");

void nanoc_matmul_nbits4_lx_groups(const uint32_t *x, lx_groups *groups);
void nanoc_matmul_nbits4_lx_zeros(const uint32_t *x, lx_groups *groups);

/* Of a product that is within int8. */
static inline int32_t nearest(float x) {
  int32_t rounded;
  __asm__("round.s %0, %1, 0" : "=a"(rounded) : "f"(x));
  return rounded;
}

#else

static inline int32_t element(uint32_t pair, int32_t half) { return (int16_t)(uint16_t)(pair >> (16 * half)); }

/* The same in C; columns one by one. */
static void nanoc_matmul_nbits4_lx_zeros(const uint32_t *x, lx_groups *groups) {
  while (groups->y != groups->y_end) {
    nanoc_nbits4_copy(groups->y, groups->bias, NANOC_NBITS4_GROUP);
    groups->bias += groups->bias_step / sizeof(float);
    for (const uint32_t *at = x; at != groups->x_end;) {
      const uint32_t *pairs = at + HEAD;
      const int32_t words = 4 * (int32_t)at[EIGHTS];
      int32_t dots[NANOC_NBITS4_GROUP] = {0, 0, 0, 0};
      float scale;
      for (int32_t i = 0; i < words; i++) {
        const uint32_t word = *groups->weights++ ^ 0x80008000u;
        for (int32_t c = 0; c < NANOC_NBITS4_GROUP; c++) {
          dots[c] += element(pairs[i], 0) * ((int32_t)((word >> (4 * c)) & 15u) - 8);
          dots[c] += element(pairs[i], 1) * ((int32_t)((word >> (16 + 4 * c)) & 15u) - 8);
        }
      }
      at = pairs + words;
      (void)memcpy(&scale, at, 4);
      nanoc_nbits4_add(groups->y, dots, scale, (int32_t)at[1], groups->scales, groups->zeros);
      groups->scales += NANOC_NBITS4_GROUP;
      groups->zeros += groups->zeros == NULL ? 0 : NANOC_NBITS4_GROUP;
      at += TAIL;
    }
    groups->y += NANOC_NBITS4_GROUP;
  }
}

static void nanoc_matmul_nbits4_lx_groups(const uint32_t *x, lx_groups *groups) { nanoc_matmul_nbits4_lx_zeros(x, groups); }

static inline int32_t nearest(float x) { return nanoc_round(x); }

#endif

/* nanoc_nbits_largest of numbers that are loaded as words. */
static float largest_of(const float *x, int32_t count) {
  uint32_t most = 0;
  for (int32_t i = 0; i < count; i++) {
    const uint32_t size = nanoc_lx_load((const int8_t *)(const void *)(x + i)) << 1;
    most = size > most ? size : most;
  }
  float largest;
  most >>= 1;
  (void)memcpy(&largest, &most, 4);
  return most > 0x7F800000u ? nanoc_nbits_largest(x, count) : largest;
}

/* Pairs of elements of a plain block. */
static int32_t fill_plain(const float *x, uint32_t *pairs, int32_t count, float inverse) {
  int32_t total = 0;
  for (int32_t k = 0; k < count; k += 2) {
    const int32_t low = nearest(x[0] * inverse);
    const int32_t high = nearest(x[1] * inverse);
    total += low + high;
    *pairs++ = ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
    x += 2;
  }
  return total;
}

static int32_t fill(const float *x, uint32_t *pairs, int32_t count, int32_t padded, float inverse) {
  int32_t total = 0;
  for (int32_t k = 0; k < padded; k += 2) {
    const int32_t low = k < count ? nanoc_nbits4_quantized(x[k], inverse, 0) : 0;
    const int32_t high = k + 1 < count ? nanoc_nbits4_quantized(x[k + 1], inverse, 0) : 0;
    total += low + high;
    *pairs++ = ((uint32_t)low & 0xFFFFu) | ((uint32_t)high << 16);
  }
  return total;
}

static uint32_t *quantize_block(const float *x, uint32_t *to, int32_t count, int32_t padded) {
  const float largest = largest_of(x, count);
  const nanoc_nbits_scale own = nanoc_nbits_scale_of(largest);
  uint32_t *pairs = to + HEAD;
  const int32_t twos = nanoc_nbits4_is_plain(largest) ? count & ~1 : 0;
  int32_t total = fill_plain(x, pairs, twos, own.inverse);
  total += fill(x + twos, pairs + twos / 2, count - twos, padded - twos, own.inverse);
  const uint32_t start = (uint32_t)(-8 * total);
  to[0] = start;
  to[1] = 17u * start;
  to[2] = 273u * start;
  to[EIGHTS] = (uint32_t)padded / 8u;
  uint32_t *tail = pairs + padded / 2;
  (void)memcpy(tail, &own.scale, 4);
  tail[1] = (uint32_t)total;
  return tail + TAIL;
}

static void run(const uint32_t *x, lx_groups *groups, float *y, int32_t count) {
  groups->y = y;
  groups->y_end = y + count;
  if (count == 0) {
    return;
  }
  if (groups->zeros == NULL) {
    nanoc_matmul_nbits4_lx_groups(x, groups);
  } else {
    nanoc_matmul_nbits4_lx_zeros(x, groups);
  }
}

static void multiply(const uint32_t *x, const uint32_t *x_end, float *y, const nanoc_nbits4_params *params) {
  const int32_t blocks = nanoc_nbits_blocks(params->inner, params->block);
  const int32_t rest = params->columns % NANOC_NBITS4_GROUP;
  const int32_t whole = params->columns - rest;
  lx_groups groups = {params->weights, params->scales, NULL, NULL, x_end, params->zeros, nanoc_nbits4_bias(params, 0), params->bias == NULL ? 0u : 16u};
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

void nanoc_matmul_nbits4_lx(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params) {
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
