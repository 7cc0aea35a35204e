#include "nanoc/move.h"

#include "nanoc/fours.h"

/* Four neighbours of x go to four rows of y. */
static void four_rows(const int8_t *x, int8_t *y, int32_t columns, int32_t step) {
  const int8_t *const end = y + columns;
  while (y != end) {
    const nanoc_four four = nanoc_load4(x);
    y[0] = (int8_t)nanoc_byte(four, 0);
    y[columns] = (int8_t)nanoc_byte(four, 1);
    y[2 * columns] = (int8_t)nanoc_byte(four, 2);
    y[3 * columns] = (int8_t)nanoc_byte(four, 3);
    x += step;
    y++;
  }
}

static void one_row(const int8_t *x, int8_t *y, int32_t columns, int32_t step) {
  for (int32_t j = 0; j < columns; j++) {
    y[j] = x[j * step];
  }
}

void nanoc_transpose_bytes(const void *x, void *y, const nanoc_transpose_params *params) {
  const nanoc_transpose_params *p = params;
  const int8_t *from = (const int8_t *)x + p->offset;
  int8_t *to = (int8_t *)y;
  for (int32_t b = 0; b < p->batches; b++) {
    int32_t i = 0;
    for (; i + 4 <= p->rows; i += 4) {
      four_rows(from + i, to, p->columns, p->step);
      to += 4 * p->columns;
    }
    for (; i < p->rows; i++) {
      one_row(from + i, to, p->columns, p->step);
      to += p->columns;
    }
    from += p->batch_step;
  }
}
