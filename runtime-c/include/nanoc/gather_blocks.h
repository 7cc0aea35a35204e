/* Rows of quantized tables (com.microsoft.GatherBlockQuantized), dequantized as they are read. */
#ifndef NANOC_GATHER_BLOCKS_H
#define NANOC_GATHER_BLOCKS_H

#include "nanoc/nbits.h"

/** y[indices][inner] = (field - zero point) * scale of the rows that the indices name. */
typedef struct {
  int32_t rows;
  int32_t inner;       /* elements of a row that count */
  int32_t stride;      /* bytes from one row to the next */
  int32_t bits;        /* 2, 4 or 8 */
  int32_t block;       /* elements of a row that share a scale */
  int32_t indices;
  int32_t index_bytes; /* 4 or 8 */
  int32_t is_signed;   /* weights and zero points are int8 */
  const uint8_t *weights;
  const float *scales;  /* [rows][blocks] */
  const uint8_t *zeros; /* [rows][ceil(blocks * bits / 8)], or NULL: 2^(bits - 1), and 0 where they are signed */
} nanoc_gather_blocks_params;

/** Negative indices count from the end; one out of range is clamped. */
void nanoc_gather_blocks(const void *indices, float *y, const nanoc_gather_blocks_params *params);

#endif
