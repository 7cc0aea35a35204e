#include "nanoc/dot.h"
#include "nanoc/matmul.h"

void nanoc_matmul_s8(const int8_t *x, int8_t *y, const nanoc_matmul_s8_params *params) {
  const int32_t inner = params->inner;
  const int32_t columns = params->columns;
  const nanoc_output *output = &params->output;
  for (int32_t row = 0; row < params->rows; row++) {
    const int8_t *weights = params->weights;
    const int32_t row_sum = params->weight_zeros == NULL ? 0 : nanoc_sum(x, inner);
    int32_t column = 0;
    for (; column + 4 <= columns; column += 4) {
      int32_t sums[4];
      for (int32_t c = 0; c < 4; c++) {
        sums[c] = params->bias[column + c];
        if (params->weight_zeros != NULL) {
          sums[c] = nanoc_mac(sums[c], -params->weight_zeros[column + c], row_sum);
        }
      }
      nanoc_dot4(sums, x, weights, inner);
      weights += 4 * inner;
      for (int32_t c = 0; c < 4; c++) {
        *y++ = nanoc_output_s8(output, sums[c], column + c);
      }
    }
    const int32_t rest = columns - column;
    for (int32_t c = 0; c < rest; c++) {
      int32_t sum = params->bias[column + c];
      if (params->weight_zeros != NULL) {
        sum = nanoc_mac(sum, -params->weight_zeros[column + c], row_sum);
      }
      sum = nanoc_dot1(sum, x, weights + c, rest, inner);
      *y++ = nanoc_output_s8(output, sum, column + c);
    }
    x += inner;
  }
}
