/*
 * Products of one row at a time with weights of 4 bits in blocks, for accuracy_level 4: nanoc_matmul_nbits_q8 with the weights in the order in
 * which a core takes them apart (compiler/kernels/nbits4.ts). Columns go in groups of four, the last one filled up with zeros; a row in steps of
 * sixteen elements, the last one filled up with zeros.
 */
#ifndef NANOC_NBITS4_H
#define NANOC_NBITS4_H

#include "nanoc/matmul_nbits.h"

enum { NANOC_NBITS4_GROUP = 4, NANOC_NBITS4_STEP = 16 };

typedef struct {
  int32_t rows;
  int32_t inner;
  int32_t columns;
  int32_t block;           /* elements that share a scale: a power of two, 16 to 512 */
  const uint32_t *weights; /* [groups][padded inner / 2] in the order of the kernel */
  const float *scales;     /* [groups][blocks][4] */
  const int8_t *zeros;     /* [groups][blocks][4] zero points less 8, or NULL: all are 8 */
  const float *bias;       /* [4 * groups] or NULL */
} nanoc_nbits4_params;

static inline int32_t nanoc_nbits4_padded(int32_t inner) {
  return (inner + NANOC_NBITS4_STEP - 1) / NANOC_NBITS4_STEP * NANOC_NBITS4_STEP;
}

/** Elements of block `b`, filled up. */
static inline int32_t nanoc_nbits4_length(const nanoc_nbits4_params *params, int32_t b) {
  const int32_t left = nanoc_nbits4_padded(params->inner) - b * params->block;
  return left < params->block ? left : params->block;
}

/** Of them, those that are there. */
static inline int32_t nanoc_nbits4_count(const nanoc_nbits4_params *params, int32_t b) {
  const int32_t left = params->inner - b * params->block;
  return left < params->block ? left : params->block;
}

/**
 * 1 for a block of finite numbers whose scale is far from the ends of float32: no product with its inverse needs a bound, and
 * what a vector unit makes of numbers below 2^-126 is no matter.
 */
static inline int32_t nanoc_nbits4_is_plain(float largest) { return largest > 1e-12f && largest < 1e30f; }

/** An element as int8; `plain`: of such a block, whose rounded products are between -127 and 127. */
static inline int32_t nanoc_nbits4_quantized(float x, float inverse, int32_t plain) {
  return NANOC_FPU != 0 && plain != 0 ? nanoc_round(x * inverse) : nanoc_round_clamp(x * inverse, 0, -127, 127);
}

/** The dot products of a block, relative to 8, join the sums of a group. `total`: sum of the block of the row. */
static inline void nanoc_nbits4_add(float *y, int32_t *dots, float x_scale, int32_t total, const float *scales, const int8_t *zeros) {
  for (int32_t c = 0; c < NANOC_NBITS4_GROUP; c++) {
    const int32_t dot = zeros == NULL ? dots[c] : dots[c] - zeros[c] * total;
    y[c] = y[c] + (float)dot * (x_scale * scales[c]);
  }
}

/** What the sums of a group without a bias start from. */
static const float nanoc_nbits4_nothing[NANOC_NBITS4_GROUP] = {0.0f, 0.0f, 0.0f, 0.0f};

/** What the sums of the group of `column` start from. */
static inline const float *nanoc_nbits4_bias(const nanoc_nbits4_params *params, int32_t column) {
  return params->bias == NULL ? nanoc_nbits4_nothing : params->bias + column;
}

/** Copies the sums of a group. */
static inline void nanoc_nbits4_copy(float *to, const float *from, int32_t count) {
  for (int32_t c = 0; c < count; c++) {
    to[c] = from[c];
  }
}

/**
 * For any core: two columns a multiplication. Of each four elements two words; the first has the columns 0 and 1 in its halves, four nibbles each,
 * the second 2 and 3. Scratch: four bytes for each element, padded, eight for each block and four for each 32 elements.
 */
void nanoc_matmul_nbits4_pairs(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params);

/**
 * For the DSP extension: four columns in a halfword. Of each two elements a word; the half of an element has the nibbles of columns 0 to 3, the one of
 * column 3 less 8. Scratch: two bytes for each element, padded, and 28 for each block.
 */
void nanoc_matmul_nbits4_dsp(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params);

/**
 * For Xtensa cores with MAC16 and FPU: the weights of nanoc_matmul_nbits4_dsp. Scratch: two bytes for each element, padded, and 24 for each block.
 */
void nanoc_matmul_nbits4_lx(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params);

/**
 * For MVE: of each sixteen elements two vectors; bytes of the first are elements of the columns 0 (low nibble) and 1, of the second 2 and 3.
 * Scales are 0 or between 2^-50 and 2^50, a bias is 0 or not below 2^-100. Scratch: a byte for each element, padded, and 16 for each block.
 */
void nanoc_matmul_nbits4_mve(const float *x, float *y, void *scratch, const nanoc_nbits4_params *params);

#endif
