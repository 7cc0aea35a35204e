/* Data movement. Elements are moved by their size (1, 2, 4 or 8 bytes), whatever they stand for. */
#ifndef NANOC_MOVE_H
#define NANOC_MOVE_H

#include "nanoc/types.h"

#define NANOC_STRIDED_RANK 6

/** A walk over x in another order. y is written in row-major order; sizes of 1 fill the front. */
typedef struct {
  int32_t element; /* bytes of one element: 1, 2, 4 or 8; x and y are aligned to it */
  int32_t offset;  /* of the first element in x, in elements */
  int32_t sizes[NANOC_STRIDED_RANK];
  int32_t strides[NANOC_STRIDED_RANK]; /* step in x for each dimension of y, in elements; may be 0 or negative */
} nanoc_strided_params;

/** Transpose, Slice with steps, Expand, Tile: y[i0]..[i5] = x[offset + i0 * strides[0] + .. + i5 * strides[5]].
 *  Rows are written in ascending order; a row of stride 1 is moved as by memmove. */
void nanoc_strided_copy(const void *x, void *y, const nanoc_strided_params *params);

/** Matrices of bytes: y[batch][row][column] = x[offset + batch * batch_step + row + column * step]. */
typedef struct {
  int32_t offset;
  int32_t batches;
  int32_t batch_step;
  int32_t rows;
  int32_t columns;
  int32_t step;
} nanoc_transpose_params;

/** Transpose of elements of one byte whose rows in y are columns in x. Four rows of y are written at a time, in ascending order. */
void nanoc_transpose_bytes(const void *x, void *y, const nanoc_transpose_params *params);

typedef struct {
  int32_t inputs;
  int32_t rows;
  const int32_t *bytes; /* of one row of each input */
} nanoc_concat_params;

/** y = for each row, the row of every input, one after the other. y overlaps none of them. */
void nanoc_concat(const void *const *inputs, void *y, const nanoc_concat_params *params);

#define NANOC_PAD_RANK 4

typedef enum { NANOC_PAD_CONSTANT = 0, NANOC_PAD_EDGE = 1, NANOC_PAD_REFLECT = 2, NANOC_PAD_WRAP = 3 } nanoc_pad_mode;

typedef struct {
  int32_t mode;    /* nanoc_pad_mode */
  int32_t element; /* bytes of one element, and of `fill` that are used */
  int32_t block;   /* bytes that are moved together: the dimensions behind the last padded one */
  int32_t in[NANOC_PAD_RANK];
  int32_t before[NANOC_PAD_RANK];
  int32_t out[NANOC_PAD_RANK];
  uint8_t fill[8];
} nanoc_pad_params;

/** y[out] = x[in] with `before` elements in front of each dimension. With reflect every pad is smaller than its dimension. */
void nanoc_pad(const void *x, void *y, const nanoc_pad_params *params);

typedef struct {
  int32_t outer;       /* product of the dimensions before the axis */
  int32_t size;        /* of the axis */
  int32_t block;       /* bytes behind one index of the axis */
  int32_t indices;     /* how many */
  int32_t index_bytes; /* 4: int32_t, 8: int64_t */
} nanoc_gather_params;

/** Index i of int32 (index_bytes 4) or int64 (8) ones: negative indices count from the end, what lies outside is clamped to the axis. */
static inline int32_t nanoc_index_at(const void *indices, int32_t i, int32_t index_bytes, int32_t size) {
  int64_t index = index_bytes == 8 ? ((const int64_t *)indices)[i] : ((const int32_t *)indices)[i];
  if (index < 0) {
    index += size;
  }
  if (index < 0) {
    return 0;
  }
  return index < size ? (int32_t)index : size - 1;
}

/** y[outer][indices] = x[outer][index]. Negative indices count from the end; what lies outside is clamped to the axis. No overlap. */
void nanoc_gather(const void *x, const void *indices, void *y, const nanoc_gather_params *params);

#define NANOC_GATHER_RANK 6

typedef struct {
  int32_t element; /* bytes of one element */
  int32_t index_bytes;
  int32_t size;                     /* of the axis */
  int32_t step;                     /* of the axis in x, bytes */
  int32_t sizes[NANOC_GATHER_RANK]; /* of the indices and y; 1 fills the front */
  int32_t steps[NANOC_GATHER_RANK]; /* of x, bytes; 0 for the axis */
} nanoc_gather_elements_params;

/** y = at each place of the indices the element of x at the same place, but for the axis, where the index says; clamped as above. No overlap. */
void nanoc_gather_elements(const void *x, const void *indices, void *y, const nanoc_gather_elements_params *params);

typedef struct {
  int32_t batches;
  int32_t batch;  /* bytes of x for each of them */
  int32_t tuples; /* of a batch */
  int32_t depth;  /* indices of a tuple */
  int32_t block;  /* bytes that one tuple names */
  int32_t index_bytes;
  int32_t sizes[NANOC_GATHER_RANK];
  int32_t steps[NANOC_GATHER_RANK]; /* bytes */
} nanoc_gather_nd_params;

/** y[batch][tuple] = the block of x[batch] that the tuple of indices names; each index clamped as above. No overlap. */
void nanoc_gather_nd(const void *x, const void *indices, void *y, const nanoc_gather_nd_params *params);

#endif
