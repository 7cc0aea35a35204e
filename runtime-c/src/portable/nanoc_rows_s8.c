#include "nanoc/rows.h"

#include "nanoc/dot.h"

/* What a sum starts from. x_sum is the sum of the row, for weights with a zero point. */
static int32_t start_of(const nanoc_rows *rows, int32_t channel, int32_t x_sum) {
  const int32_t bias = rows->bias[channel];
  if (rows->weight_zeros == NULL) {
    return bias;
  }
  return (int32_t)((uint32_t)bias - (uint32_t)x_sum * (uint32_t)(int32_t)rows->weight_zeros[channel]);
}

static void write4(const nanoc_output *output, const int32_t sums[4], int32_t channel, int8_t *y) {
  const float *scale = output->scale + channel * output->scale_step;
  const int32_t step = output->scale_step;
  const int32_t zero = output->y_zero;
  const int32_t low = output->low;
  const int32_t high = output->high;
  for (int32_t c = 0; c < 4; c++, scale += step) {
    y[c] = (int8_t)nanoc_requantize(sums[c], *scale, zero, low, high);
  }
}

static void one_row(const nanoc_rows *rows, const int8_t *x, int8_t *y) {
  const int32_t inner = rows->inner;
  const int8_t *weights = rows->weights;
  const int32_t sum = rows->weight_zeros == NULL ? 0 : nanoc_sum(x, 1, inner);
  int32_t column = 0;
  for (; column + 4 <= rows->columns; column += 4, weights += 4 * inner) {
    const int32_t channel = rows->first + column;
    int32_t sums[4];
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = start_of(rows, channel + c, sum);
    }
    nanoc_dot4(sums, x, 1, weights, inner);
    write4(rows->output, sums, channel, y + column);
  }
  const int32_t rest = rows->columns - column;
  for (int32_t c = 0; c < rest; c++) {
    const int32_t channel = rows->first + column + c;
    const int32_t total = nanoc_dot1(start_of(rows, channel, sum), x, 1, weights + c, rest, inner);
    y[column + c] = nanoc_output_s8(rows->output, total, channel);
  }
}

static void two_rows(const nanoc_rows *rows, const int8_t *x, int8_t *y0, int8_t *y1) {
  const int32_t inner = rows->inner;
  const int8_t *weights = rows->weights;
  const int32_t sum0 = rows->weight_zeros == NULL ? 0 : nanoc_sum(x, 2, inner);
  const int32_t sum1 = rows->weight_zeros == NULL ? 0 : nanoc_sum(x + 1, 2, inner);
  int32_t column = 0;
  for (; column + 4 <= rows->columns; column += 4, weights += 4 * inner) {
    const int32_t channel = rows->first + column;
    int32_t sums[8];
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = start_of(rows, channel + c, sum0);
      sums[4 + c] = start_of(rows, channel + c, sum1);
    }
    nanoc_dot2x4(sums, x, weights, inner);
    write4(rows->output, sums, channel, y0 + column);
    write4(rows->output, sums + 4, channel, y1 + column);
  }
  const int32_t rest = rows->columns - column;
  for (int32_t c = 0; c < rest; c++) {
    const int32_t channel = rows->first + column + c;
    const int32_t first = nanoc_dot1(start_of(rows, channel, sum0), x, 2, weights + c, rest, inner);
    const int32_t second = nanoc_dot1(start_of(rows, channel, sum1), x + 1, 2, weights + c, rest, inner);
    y0[column + c] = nanoc_output_s8(rows->output, first, channel);
    y1[column + c] = nanoc_output_s8(rows->output, second, channel);
  }
}

void nanoc_rows_s8(const nanoc_rows *rows, const int8_t *x, int8_t *y0, int8_t *y1) {
  if (y1 == NULL) {
    one_row(rows, x, y0);
  } else {
    two_rows(rows, x, y0, y1);
  }
}
