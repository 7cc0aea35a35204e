/* Matrix products with weights of 2, 4 or 8 bits in blocks (com.microsoft.MatMulNBits). */
#ifndef NANOC_MATMUL_NBITS_H
#define NANOC_MATMUL_NBITS_H

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

/**
 * The same for 4 bits on the DSP extension: eight weights a word, two products an instruction, two columns at a time. Weights lie on words.
 * Scratch: eight bytes, and two for each of its weights, for each block of a row.
 */
void nanoc_matmul_nbits4_dsp(const float *x, float *y, void *scratch, const nanoc_matmul_nbits_params *params);

#endif
