#include "nanoc/dot.h"
#include "nanoc/rows.h"

void nanoc_one_row_s8(const nanoc_rows *rows, const int8_t *x, int8_t *y) {
  const int32_t inner = rows->inner;
  const int8_t *weights = rows->weights;
  const int32_t sum = rows->weight_zeros == NULL ? 0 : nanoc_sum(x, 1, inner);
  int32_t column = 0;
  for (; column + 4 <= rows->columns; column += 4, weights += 4 * inner) {
    const int32_t channel = rows->first + column;
    int32_t sums[4];
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = nanoc_row_start(rows, channel + c, sum);
    }
    nanoc_dot4(sums, x, 1, weights, inner);
    nanoc_row_output4(rows->output, sums, channel, y + column);
  }
  const int32_t rest = rows->columns - column;
  for (int32_t c = 0; c < rest; c++) {
    const int32_t channel = rows->first + column + c;
    const int32_t total = nanoc_dot1(nanoc_row_start(rows, channel, sum), x, 1, weights + c, rest, inner);
    y[column + c] = nanoc_output_s8(rows->output, total, channel);
  }
}
