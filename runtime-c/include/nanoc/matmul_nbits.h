/* Matrix products with weights of 2, 4 or 8 bits in blocks (com.microsoft.MatMulNBits). */
#ifndef NANOC_MATMUL_NBITS_H
#define NANOC_MATMUL_NBITS_H

#include <string.h>

#include "nanoc/nbits.h"
#include "nanoc/requantize.h"

/** y[rows][columns] = x[rows][inner] * weights[columns][inner]'. */
typedef struct {
  int32_t rows;
  int32_t inner;
  int32_t columns;
  int32_t bits;           /* 2, 4 or 8 */
  int32_t block;          /* weights of a column that share a scale, a power of two */
  const uint8_t *weights; /* [columns][blocks][block * bits / 8], the first of a byte in its low bits */
  const float *scales;    /* [columns][blocks] */
  const uint8_t *zeros;   /* [columns][ceil(blocks * bits / 8)], or NULL: 2^(bits - 1) */
  const float *bias;      /* [columns] or NULL */
} nanoc_matmul_nbits_params;

/** Blocks of a row; the last one may be shorter. */
static inline int32_t nanoc_nbits_blocks(int32_t inner, int32_t block) { return (inner + block - 1) / block; }

/** How a block becomes int8: round_half_even(x * inverse), of which `scale` is a step. */
typedef struct {
  float scale;
  float inverse; /* 0 where all is 0 */
} nanoc_nbits_scale;

/** The larger one of `most` and the bits of *x without their sign, shifted. */
static inline uint32_t nanoc_nbits_more(uint32_t most, const float *x) {
  uint32_t bits;
  (void)memcpy(&bits, x, 4);
  return bits << 1 > most ? bits << 1 : most;
}

/** max |x|; NaN does not count. By integers, whose order is that of the sizes. */
static inline float nanoc_nbits_largest(const float *x, int32_t count) {
  uint32_t most = 0;
  int32_t at = 0;
  for (; at + 4 <= count; at += 4) {
    most = nanoc_nbits_more(nanoc_nbits_more(nanoc_nbits_more(nanoc_nbits_more(most, x), x + 1), x + 2), x + 3);
    x += 4;
  }
  for (; at < count; at++) {
    most = nanoc_nbits_more(most, x++);
  }
  x -= count;
  if (most > 0xFF000000u) { /* there is a NaN */
    float largest = 0.0f;
    for (int32_t i = 0; i < count; i++) {
      const float size = x[i] < 0.0f ? -x[i] : x[i];
      largest = size > largest ? size : largest;
    }
    return largest;
  }
  most >>= 1;
  float largest;
  (void)memcpy(&largest, &most, 4);
  return largest;
}

static inline nanoc_nbits_scale nanoc_nbits_scale_of(float largest) {
  nanoc_nbits_scale result;
  result.scale = largest / 127.0f;
  result.inverse = largest == 0.0f ? 0.0f : 127.0f / largest;
  return result;
}

/** Zero point of a block of a column. */
static inline int32_t nanoc_block_zero(const nanoc_matmul_nbits_params *params, int32_t blocks, int32_t column, int32_t b) {
  if (params->zeros == NULL) {
    return 1 << (params->bits - 1);
  }
  return nanoc_field(params->zeros + column * ((blocks * params->bits + 7) / 8), b, params->bits);
}

/** In float32, in the order of `inner`. */
void nanoc_matmul_nbits_f32(const float *x, float *y, const nanoc_matmul_nbits_params *params);

/**
 * Each block of x becomes int8 with the scale max|x| / 127, half to even; sums of a block are exact, and their products with
 * both scales are added in float32. Scratch: four bytes, and `block`, for each block of a row.
 */
void nanoc_matmul_nbits_q8(const float *x, float *y, void *scratch, const nanoc_matmul_nbits_params *params);

#endif
