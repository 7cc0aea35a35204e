#include "nanoc/dot.h"
#include "nanoc/rows.h"

static NANOC_NOINLINE void output4(const nanoc_output *output, const int32_t sums[4], int32_t channel, int8_t *y) {
  nanoc_row_output4(output, sums, channel, y);
}

void nanoc_two_rows_s8(const nanoc_rows *rows, const int8_t *x, int8_t *y0, int8_t *y1) {
  const int32_t inner = rows->inner;
  const int8_t *weights = rows->weights;
  const int32_t sum0 = rows->weight_zeros == NULL ? 0 : nanoc_sum(x, 2, inner);
  const int32_t sum1 = rows->weight_zeros == NULL ? 0 : nanoc_sum(x + 1, 2, inner);
  int32_t column = 0;
  for (; column + 4 <= rows->columns; column += 4, weights += 4 * inner) {
    const int32_t channel = rows->first + column;
    int32_t sums[8];
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = nanoc_row_start(rows, channel + c, sum0);
      sums[4 + c] = nanoc_row_start(rows, channel + c, sum1);
    }
    nanoc_dot2x4(sums, x, weights, inner);
    output4(rows->output, sums, channel, y0 + column);
    output4(rows->output, sums + 4, channel, y1 + column);
  }
  const int32_t rest = rows->columns - column;
  for (int32_t c = 0; c < rest; c++) {
    const int32_t channel = rows->first + column + c;
    const int32_t first = nanoc_dot1(nanoc_row_start(rows, channel, sum0), x, 2, weights + c, rest, inner);
    const int32_t second = nanoc_dot1(nanoc_row_start(rows, channel, sum1), x + 1, 2, weights + c, rest, inner);
    y0[column + c] = nanoc_output_s8(rows->output, first, channel);
    y1[column + c] = nanoc_output_s8(rows->output, second, channel);
  }
}
