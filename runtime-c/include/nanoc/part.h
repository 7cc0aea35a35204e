/* The part of a window that lies in the image, for depthwise kernels. */
#ifndef NANOC_PART_H
#define NANOC_PART_H

#include "nanoc/pool.h"

typedef struct {
  nanoc_taps rows;
  nanoc_taps columns;
} nanoc_part;

static inline int32_t nanoc_part_is_same(const nanoc_part *a, const nanoc_part *b) {
  return a->rows.first == b->rows.first && a->rows.last == b->rows.last && a->columns.first == b->columns.first && a->columns.last == b->columns.last;
}

/** Whether tap (ky, kx) is in it. */
static inline int32_t nanoc_part_has(const nanoc_part *v, int32_t ky, int32_t kx) {
  return ky >= v->rows.first && ky < v->rows.last && kx >= v->columns.first && kx < v->columns.last;
}

#endif
