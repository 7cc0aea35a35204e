#include "nanoc/matmul.h"

#include <string.h>

#include "nanoc/rows.h"

void nanoc_matmul_s8(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_matmul_s8_params *params) {
  const int32_t inner = params->inner;
  const int32_t columns = params->columns;
  const nanoc_rows rows = {inner, columns, 0, params->weights, params->bias, params->weight_zeros, &params->output};
  for (int32_t row = 0; row < params->rows; row += 2) {
    const int32_t count = params->rows - row < 2 ? 1 : 2;
    const int8_t *from = x;
    if (scratch != NULL) {
      memcpy(scratch, x, (size_t)(count * inner));
      from = scratch;
    }
    nanoc_rows_s8(&rows, from, y, count == 2 ? y + columns : NULL);
    x += count * inner;
    y += count * columns;
  }
}
