#include "nanoc/matmul.h"
#include "nanoc/rows.h"

void nanoc_fully_connected_s8(const int8_t *x, int8_t *y, const nanoc_matmul_s8_params *params) {
  const nanoc_rows rows = {
      params->inner, params->columns, 0, params->weights, params->bias, params->weight_zeros, &params->output,
  };
  for (int32_t left = params->rows; left > 0; left--, x += rows.inner, y += rows.columns) {
    nanoc_one_row_s8(&rows, x, y);
  }
}
