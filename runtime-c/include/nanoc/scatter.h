/* Elements or blocks of a tensor replaced at computed indices. Elements are moved by their size, whatever they stand for. */
#ifndef NANOC_SCATTER_H
#define NANOC_SCATTER_H

#include <string.h>

#include "nanoc/types.h"

#define NANOC_SCATTER_RANK 6

/** Index i of a dimension of `size`: negative ones count from the end; -1 when it lies outside. */
static inline int32_t nanoc_scatter_index(const void *indices, int32_t i, int32_t bytes, int32_t size) {
  int64_t at = bytes == 4 ? ((const int32_t *)indices)[i] : ((const int64_t *)indices)[i];
  at = at < 0 ? at + size : at;
  return at >= 0 && at < size ? (int32_t)at : -1;
}

typedef struct {
  int32_t bytes; /* of the data */
  int32_t tuples;
  int32_t depth; /* indices of a tuple */
  int32_t block; /* bytes that one tuple names */
  int32_t index_bytes;
  int32_t sizes[NANOC_SCATTER_RANK];
  int32_t steps[NANOC_SCATTER_RANK]; /* bytes */
} nanoc_scatter_nd_params;

/** y = data with the blocks that the tuples of indices name replaced; a tuple outside replaces none. In place (y is data) nothing else is written. */
void nanoc_scatter_nd(const void *data, const void *indices, const void *updates, void *y,
                      const nanoc_scatter_nd_params *params);

typedef struct {
  int32_t bytes;   /* of the data */
  int32_t element; /* bytes of one element */
  int32_t index_bytes;
  int32_t size;                      /* of the axis */
  int32_t step;                      /* of the axis, bytes */
  int32_t sizes[NANOC_SCATTER_RANK]; /* of the indices and updates */
  int32_t steps[NANOC_SCATTER_RANK]; /* of the data, bytes; 0 for the axis */
} nanoc_scatter_elements_params;

/** y = data with each update at its own place but for the axis, where its index says; the same in place. */
void nanoc_scatter_elements(const void *data, const void *indices, const void *updates, void *y,
                            const nanoc_scatter_elements_params *params);

#endif
