#include "nanoc/mve.h"
#include "nanoc/nbits4.h"

typedef struct {
  int32_t start; /* of a sum: -8 * total */
  float scale;
  int32_t total; /* sum of the block of the row */
  int32_t steps;
} mve_block;

/* What the products walk through; `y` moves. */
typedef struct {
  const uint32_t *weights;
  const float *scales;
  float *y;
  float *y_end;
  const mve_block *blocks;
  const mve_block *blocks_end;
  const int8_t *q;
  const int8_t *zeros;
  const float *bias;
  uint32_t bias_step; /* bytes from one group to the next */
} mve_groups;

/* In C; columns of a pair share bytes. */
static void groups_in_c(mve_groups *groups) {
  const uint8_t *w = (const uint8_t *)(const void *)groups->weights;
  for (; groups->y != groups->y_end; groups->y += NANOC_NBITS4_GROUP) {
    const int8_t *q = groups->q;
    nanoc_nbits4_copy(groups->y, groups->bias, NANOC_NBITS4_GROUP);
    groups->bias += groups->bias_step / sizeof(float);
    for (const mve_block *block = groups->blocks; block != groups->blocks_end; block++) {
      int32_t dots[NANOC_NBITS4_GROUP] = {block->start, block->start, block->start, block->start};
      for (int32_t step = 0; step < block->steps; step++, w += 2 * NANOC_NBITS4_STEP, q += NANOC_NBITS4_STEP) {
        for (int32_t i = 0; i < NANOC_NBITS4_STEP; i++) {
          const int32_t first = w[i];
          const int32_t second = w[NANOC_NBITS4_STEP + i];
          dots[0] += q[i] * (first & 15);
          dots[1] += q[i] * (first >> 4);
          dots[2] += q[i] * (second & 15);
          dots[3] += q[i] * (second >> 4);
        }
      }
      nanoc_nbits4_add(groups->y, dots, block->scale, block->total, groups->scales, groups->zeros);
      groups->scales += NANOC_NBITS4_GROUP;
      groups->zeros += groups->zeros == NULL ? 0 : NANOC_NBITS4_GROUP;
    }
  }
}

#if NANOC_MVE_ASSEMBLY

/*
 * One group at least. r0 elements, r1 weights, r3 blocks up to r10, r5 scales, r7 zero points, r11 `groups`; r2, r4, r6, r8 dot products,
 * r9 scale and r12 sum of the block, lr steps; q3 masks nibbles, q4 sums of the group.
 */
#define GROUPS(name, zeros) \
  __asm__( \
    ".syntax unified\n  .pushsection .text." name ",\"ax\",%progbits\n  .p2align 2\n  .global " name "\n  .thumb\n  .thumb_func\n" \
    "  .type " name ",%function\n" name ":\n" \
    "  push {r4-r11,lr}\n  vpush {d8,d9}\n  mov r11,r0\n  ldrd r1,r5,[r11]\n  ldr r10,[r11,#20]\n  ldr r7,[r11,#28]\n  vmov.i8 q3,#15\n" \
    "1: ldrd r4,r6,[r11,#32]\n  vldrw.u32 q4,[r4]\n  add r4,r6\n  str r4,[r11,#32]\n  ldr r0,[r11,#24]\n  ldr r3,[r11,#16]\n" \
    "2: ldm r3!,{r2,r9,r12,lr}\n  mov r4,r2\n  mov r6,r2\n  mov r8,r2\n  dls lr,lr\n" \
    "3: vldrb.u8 q0,[r0],#16\n  vldrb.u8 q1,[r1],#16\n  vshr.u8 q2,q1,#4\n  vand q1,q1,q3\n" \
    "  vmladava.s8 r2,q0,q1\n  vmladava.s8 r4,q0,q2\n  vldrb.u8 q1,[r1],#16\n  vshr.u8 q2,q1,#4\n  vand q1,q1,q3\n" \
    "  vmladava.s8 r6,q0,q1\n  vmladava.s8 r8,q0,q2\n  le lr,3b\n" \
    "  vmov q0[2],q0[0],r2,r6\n  vmov q0[3],q0[1],r4,r8\n" zeros \
    "  vcvt.f32.s32 q0,q0\n  vldrw.u32 q1,[r5],#16\n  vmul.f32 q1,q1,r9\n  vmul.f32 q0,q0,q1\n  vadd.f32 q4,q4,q0\n" \
    "  cmp r3,r10\n  bne 2b\n" \
    "  ldrd r2,r4,[r11,#8]\n  vstrw.32 q4,[r2],#16\n  str r2,[r11,#8]\n  cmp r2,r4\n  bne 1b\n" \
    "  vpop {d8,d9}\n  pop {r4-r11,pc}\n  .size " name ",.-" name "\n  .popsection\n")

GROUPS("nanoc_matmul_nbits4_mve_groups", "");
GROUPS("nanoc_matmul_nbits4_mve_zeros", "  vldrb.s32 q2,[r7],#4\n  vmul.i32 q2,q2,r12\n  vsub.i32 q0,q0,q2\n");

void nanoc_matmul_nbits4_mve_groups(mve_groups *groups);
void nanoc_matmul_nbits4_mve_zeros(mve_groups *groups);

static float largest_of(const float *x, int32_t count) {
  float largest = 0.0f;
  const float *from = x;
  __asm__ volatile("dlstp.32 lr, %[n]\n1: vldrw.u32 q0, [%[x]], #16\n vmaxnmav.f32 %[m], q0\n letp lr, 1b"
                   : [x] "+l"(from), [m] "+l"(largest)
                   : [n] "r"(count)
                   : "q0", "lr", "memory");
  /* Small numbers count as 0 here. */
  return nanoc_nbits4_is_plain(largest) ? largest : nanoc_nbits_largest(x, count);
}

static int32_t fill_plain(const float *x, int8_t *q, int32_t count, float inverse) {
  int32_t total;
  __asm__ volatile(
      "mov r4, #0\n dlstp.32 lr, %[n]\n1: vldrw.u32 q0, [%[x]], #16\n vmul.f32 q0, q0, %[f]\n vcvtn.s32.f32 q0, q0\n"
      " vaddva.s32 r4, q0\n vstrb.32 q0, [%[q]], #4\n letp lr, 1b\n mov %[t], r4"
      : [x] "+l"(x), [q] "+l"(q), [t] "=r"(total)
      : [n] "r"(count), [f] "r"(inverse)
      : "q0", "r4", "lr", "memory");
  return total;
}

#else

static float largest_of(const float *x, int32_t count) { return nanoc_nbits_largest(x, count); }

static int32_t fill_plain(const float *x, int8_t *q, int32_t count, float inverse) {
  int32_t total = 0;
  for (int32_t k = 0; k < count; k++) {
    q[k] = (int8_t)nanoc_nbits4_quantized(x[k], inverse, 1);
    total += q[k];
  }
  return total;
}

#endif

static int32_t fill_any(const float *x, int8_t *q, int32_t count, float inverse) {
  int32_t total = 0;
  for (int32_t k = 0; k < count; k++) {
    q[k] = (int8_t)nanoc_nbits4_quantized(x[k], inverse, 0);
    total += q[k];
  }
  return total;
}

/* 1: vectors of floats compute the block as float32 does. */
static int32_t quantize_block(const float *x, int8_t *q, mve_block *block, int32_t count, int32_t padded) {
  const float largest = largest_of(x, count);
  const nanoc_nbits_scale own = nanoc_nbits_scale_of(largest);
  const int32_t plain = nanoc_nbits4_is_plain(largest);
  block->total = plain ? fill_plain(x, q, count, own.inverse) : fill_any(x, q, count, own.inverse);
  block->scale = own.scale;
  block->start = -8 * block->total;
  block->steps = padded / NANOC_NBITS4_STEP;
  for (int32_t k = count; k < padded; k++) {
    q[k] = 0;
  }
  return plain || largest == 0.0f;
}

static void run(mve_groups *groups, float *y, int32_t count, int32_t plain) {
  groups->y = y;
  groups->y_end = y + count;
  if (count == 0) {
    return;
  }
#if NANOC_MVE_ASSEMBLY
  if (plain) {
    if (groups->zeros == NULL) {
      nanoc_matmul_nbits4_mve_groups(groups);
    } else {
      nanoc_matmul_nbits4_mve_zeros(groups);
    }
    return;
  }
#else
  (void)plain;
#endif
  groups_in_c(groups);
}

static void multiply(mve_groups *groups, float *y, int32_t plain, const nanoc_nbits4_params *params) {
  const int32_t blocks = nanoc_nbits_blocks(params->inner, params->block);
  const int32_t rest = params->columns % NANOC_NBITS4_GROUP;
  const int32_t whole = params->columns - rest;
  run(groups, y, whole, plain);
  if (rest != 0) {
    float sums[NANOC_NBITS4_GROUP];
    groups->weights = params->weights + whole * nanoc_nbits4_padded(params->inner) / 8;
    groups->scales = params->scales + whole * blocks;
    groups->zeros = params->zeros == NULL ? NULL : params->zeros + whole * blocks;
    groups->bias = nanoc_nbits4_bias(params, whole);
    run(groups, sums, NANOC_NBITS4_GROUP, plain);
    nanoc_nbits4_copy(y + whole, sums, rest);
  }
}

void nanoc_matmul_nbits4_mve(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params) {
  const int32_t blocks = nanoc_nbits_blocks(params->inner, params->block);
  mve_block *const block = scratch;
  int8_t *const q = (int8_t *)(void *)(block + blocks);
  for (int32_t r = 0; r < params->rows; r++) {
    int32_t plain = 1;
    for (int32_t b = 0; b < blocks; b++) {
      const int32_t at = b * params->block;
      plain &= quantize_block(x + at, q + at, block + b, nanoc_nbits4_count(params, b), nanoc_nbits4_length(params, b));
    }
    mve_groups groups = {params->weights, params->scales, NULL, NULL, block, block + blocks, q, params->zeros,
                         nanoc_nbits4_bias(params, 0), params->bias == NULL ? 0u : 16u};
    multiply(&groups, y, plain, params);
    x += params->inner;
    y += params->columns;
  }
}
