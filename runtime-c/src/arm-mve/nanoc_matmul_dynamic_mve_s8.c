#include "nanoc/mve_dynamic.h"

#include <string.h>

#define CHUNK 16

#if NANOC_MVE_ASSEMBLY

/*
 * r0 a, r1 columns, r2 y, r3 block, r4, r6, r8, r10 sums of four columns, r12 sum of a's row, r5 scale, r7 zero, r9 minus_b_zero,
 * r11 rows left; q4 starts, q5 low, q6 high.
 */
__asm__(
    ".syntax unified\n"
    ".pushsection .text.nanoc_matmul_dynamic_mve_s8_rows,\"ax\",%progbits\n"
    ".p2align 2\n"
    ".global nanoc_matmul_dynamic_mve_s8_rows\n"
    ".thumb\n"
    ".thumb_func\n"
    ".type nanoc_matmul_dynamic_mve_s8_rows,%function\n"
    "nanoc_matmul_dynamic_mve_s8_rows:\n"
    "  push {r4-r11,lr}\n"
    "  vpush {d8-d13}\n"
    "  vldrw.u32 q4,[r3]\n"
    "  ldrd r5,r7,[r3,#16]\n"
    "  ldrd r9,r12,[r3,#24]\n"
    "  vdup.32 q5,r12\n"
    "  ldrd r12,r11,[r3,#32]\n"
    "  vdup.32 q6,r12\n"
    "1: mov r4,#0\n"
    "  mov r6,#0\n"
    "  mov r8,#0\n"
    "  mov r10,#0\n"
    "  mov r12,#0\n"
    "  ldr lr,[r3,#40]\n"
    "  dlstp.8 lr,lr\n"
    "2: vldrb.u8 q0,[r0],#16\n"
    "  vldrb.u8 q1,[r1],#16\n"
    "  vldrb.u8 q2,[r1],#16\n"
    "  vmladava.s8 r4,q0,q1\n"
    "  vldrb.u8 q1,[r1],#16\n"
    "  vmladava.s8 r6,q0,q2\n"
    "  vldrb.u8 q2,[r1],#16\n"
    "  vmladava.s8 r8,q0,q1\n"
    "  vaddva.s8 r12,q0\n"
    "  vmladava.s8 r10,q0,q2\n"
    "  letp lr,2b\n"
    "  ldr lr,[r3,#44]\n"
    "  sub r1,r1,lr\n"
    "  ldr lr,[r3,#48]\n"
    "  sub r0,r0,lr\n"
    "  mul r12,r12,r9\n"
    "  vmov q0[2],q0[0],r4,r8\n"
    "  vmov q0[3],q0[1],r6,r10\n"
    "  vadd.i32 q0,q0,q4\n"
    "  vadd.i32 q0,q0,r12\n"
    "  vcvt.f32.s32 q0,q0\n"
    "  vmul.f32 q0,q0,r5\n"
    "  vcvtn.s32.f32 q0,q0\n"
    "  vqadd.s32 q0,q0,r7\n"
    "  vmax.s32 q0,q0,q5\n"
    "  vmin.s32 q0,q0,q6\n"
    "  vstrb.32 q0,[r2]\n"
    "  ldr lr,[r3,#52]\n"
    "  add r2,r2,lr\n"
    "  subs r11,r11,#1\n"
    "  bne 1b\n"
    "  vpop {d8-d13}\n"
    "  pop {r4-r11,pc}\n"
    ".size nanoc_matmul_dynamic_mve_s8_rows,.-nanoc_matmul_dynamic_mve_s8_rows\n"
    ".popsection\n"
);

#else

void nanoc_matmul_dynamic_mve_s8_rows(const int8_t *a, const int8_t *columns, int8_t *y, const nanoc_dynamic_mve_block *block) {
  for (int32_t row = 0; row < block->rows; row++, a += block->inner, y += block->y_step) {
    for (int32_t c = 0; c < 4; c++) {
      uint32_t sum = (uint32_t)block->starts[c];
      for (int32_t k = 0; k < block->inner; k++) {
        const int32_t right = columns[k / CHUNK * (4 * CHUNK) + c * CHUNK + k % CHUNK];
        sum += (uint32_t)(a[k] * (right + block->minus_b_zero));
      }
      y[c] = (int8_t)nanoc_round_clamp((float)(int32_t)sum * block->scale, block->y_zero, block->low, block->high);
    }
  }
}

#endif

/* Four columns of `inner` rows from b on, and their sums. */
static void pack(const int8_t *b, int32_t columns, int32_t inner, int8_t *to, int32_t sums[4]) {
  int32_t s0 = 0;
  int32_t s1 = 0;
  int32_t s2 = 0;
  int32_t s3 = 0;
  for (int32_t start = 0; start < inner; start += CHUNK, to += 4 * CHUNK) {
    const int32_t count = inner - start < CHUNK ? inner - start : CHUNK;
    for (int32_t i = 0; i < count; i++, b += columns) {
      int8_t four[4];
      (void)memcpy(four, b, 4);
      s0 += four[0];
      s1 += four[1];
      s2 += four[2];
      s3 += four[3];
      to[i] = four[0];
      to[CHUNK + i] = four[1];
      to[2 * CHUNK + i] = four[2];
      to[3 * CHUNK + i] = four[3];
    }
  }
  sums[0] = s0;
  sums[1] = s1;
  sums[2] = s2;
  sums[3] = s3;
}

void nanoc_matmul_dynamic_mve_s8(const int8_t *a, const int8_t *b, int8_t *y, int8_t *scratch, const nanoc_matmul_dynamic_s8_params *params) {
  const nanoc_matmul_dynamic_s8_params *p = params;
  const int32_t chunks = (p->inner + CHUNK - 1) / CHUNK;
  nanoc_dynamic_mve_block block;
  block.scale = p->output.scale[0];
  block.y_zero = p->output.y_zero;
  block.minus_b_zero = -p->b_zero;
  block.low = p->output.low;
  block.high = p->output.high;
  block.rows = p->rows;
  block.inner = p->inner;
  block.packed = 4 * CHUNK * chunks;
  block.back = CHUNK * chunks - p->inner;
  block.y_step = p->columns;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t column = 0; column < p->columns; column += 4) {
      const int32_t first = column > p->columns - 4 ? p->columns - 4 : column;
      int32_t sums[4];
      pack(b + first, p->columns, p->inner, scratch, sums);
      for (int32_t c = 0; c < 4; c++) {
        block.starts[c] = (p->bias == NULL ? 0 : p->bias[first + c]) - p->a_zero * (sums[c] - p->inner * p->b_zero);
      }
      nanoc_matmul_dynamic_mve_s8_rows(a, scratch, y + first, &block);
    }
    a += p->a_step;
    b += p->b_step;
    y += p->rows * p->columns;
  }
}
