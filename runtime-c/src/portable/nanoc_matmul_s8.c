#include "nanoc/matmul.h"

#include <string.h>

#include "nanoc/rows.h"

void nanoc_matmul_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_matmul_s8_params *params) {
  const int32_t inner = params->inner;
  const int32_t columns = params->columns;
  const nanoc_rows rows = {inner, columns, 0, params->weights, params->bias, params->weight_zeros, &params->output};
  int32_t left = params->rows;
  for (; left >= 2; left -= 2, x += 2 * inner, y += 2 * columns) {
    int8_t *to = scratch;
    for (const int8_t *from = x; from != x + inner; from++, to += 2) {
      to[0] = from[0];
      to[1] = from[inner];
    }
    nanoc_two_rows_s8(&rows, scratch, y, y + columns);
  }
  if (left > 0) {
    memcpy(scratch, x, (size_t)inner);
    nanoc_one_row_s8(&rows, scratch, y);
  }
}
