#include "nanoc/halfwords.h"

void nanoc_matmul_s16(const int16_t *x, int16_t *y, const nanoc_matmul_s16_params *params) {
  const nanoc_matmul_s16_params *p = params;
  const nanoc_rows_s16 rows = {p->inner, p->columns, 0, p->weights, p->bias, p->weight_zeros, &p->output};
  for (int32_t row = 0; row < p->rows; row++) {
    nanoc_one_row_s16(&rows, x, y);
    x += p->inner;
    y += p->columns;
  }
}
