#include "nanoc/move.h"

#include <string.h>

/* Elements of 2, 4 and 8 bytes may be floats or integers: these types may alias both. */
#if defined(__GNUC__)
#define MAY_ALIAS __attribute__((may_alias))
#else
#define MAY_ALIAS
#endif
typedef uint16_t MAY_ALIAS half_word;
typedef uint32_t MAY_ALIAS word;
typedef uint64_t MAY_ALIAS double_word;

/* One row of the innermost dimension. `x` and `step` are in elements. */
static void row1(const uint8_t *x, uint8_t *y, int32_t count, int32_t step) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = *x;
    x += step;
  }
}

static void row2(const half_word *x, half_word *y, int32_t count, int32_t step) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i * step];
  }
}

static void row4(const word *x, word *y, int32_t count, int32_t step) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i * step];
  }
}

static void row8(const double_word *x, double_word *y, int32_t count, int32_t step) {
  for (int32_t i = 0; i < count; i++) {
    y[i] = x[i * step];
  }
}

static void copy_row(const void *x, int32_t from, void *y, int32_t to, const nanoc_strided_params *p) {
  const int32_t count = p->sizes[NANOC_STRIDED_RANK - 1];
  const int32_t step = p->strides[NANOC_STRIDED_RANK - 1];
  if (step == 1) {
    memmove((uint8_t *)y + to * p->element, (const uint8_t *)x + from * p->element, (size_t)(count * p->element));
  } else if (p->element == 1) {
    row1((const uint8_t *)x + from, (uint8_t *)y + to, count, step);
  } else if (p->element == 2) {
    row2((const half_word *)x + from, (half_word *)y + to, count, step);
  } else if (p->element == 4) {
    row4((const word *)x + from, (word *)y + to, count, step);
  } else {
    row8((const double_word *)x + from, (double_word *)y + to, count, step);
  }
}

void nanoc_strided_copy(const void *x, void *y, const nanoc_strided_params *params) {
  int32_t index[NANOC_STRIDED_RANK] = {0};
  int32_t from = params->offset;
  int32_t to = 0;
  int32_t axis = 0;
  while (axis >= 0) {
    copy_row(x, from, y, to, params);
    to += params->sizes[NANOC_STRIDED_RANK - 1];
    /* The next row: count up the outer dimensions, the last of them fastest. */
    axis = NANOC_STRIDED_RANK - 2;
    while (axis >= 0) {
      index[axis]++;
      from += params->strides[axis];
      if (index[axis] < params->sizes[axis]) {
        break;
      }
      from -= params->sizes[axis] * params->strides[axis];
      index[axis] = 0;
      axis--;
    }
  }
}
