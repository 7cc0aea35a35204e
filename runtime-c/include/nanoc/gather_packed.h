/* Rows of a table that are the weights of a product as well, read from where its kernel has them. */
#ifndef NANOC_GATHER_PACKED_H
#define NANOC_GATHER_PACKED_H

#include "nanoc/nbits4.h"

/** Which rows: negative indices count from the end; one out of range is clamped. */
typedef struct {
  int32_t rows;
  int32_t inner; /* elements of a row */
  int32_t indices;
  int32_t index_bytes; /* 4 or 8 */
} nanoc_packed_rows;

typedef struct {
  nanoc_packed_rows table;
  const uint32_t *stream; /* groups of four channels, a byte a weight (nanoc/dsp.h); inner is a multiple of four */
  const int32_t *segments;
  int32_t starts;      /* words of a group before its weights: 4, or 0 of nanoc_matvec_unbiased_dsp */
  const float *scales; /* of each row */
} nanoc_gather_dsp_params;

/** y[indices][inner] = weight * scale of a channel, from the stream of the DSP kernels of one row. */
void nanoc_gather_dsp(const void *indices, float *y, const nanoc_gather_dsp_params *params);

typedef struct {
  nanoc_packed_rows table;
  int32_t elements; /* that are packed together: 2 for nanoc_matmul_nbits4_dsp and _lx, 4 for _pairs, 16 for _mve */
  int32_t block;
  const uint32_t *weights;
  const float *scales; /* [groups][blocks][4] */
  const int8_t *zeros; /* the same less 8, or NULL */
} nanoc_gather_nbits4_params;

/** y[indices][inner] = (field - zero point) * scale of a column, from the weights of the 4-bit kernels (nanoc/nbits4.h). */
void nanoc_gather_nbits4(const void *indices, float *y, const nanoc_gather_nbits4_params *params);

#endif
