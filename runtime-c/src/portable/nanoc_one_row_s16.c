#include "nanoc/halfwords.h"

static void dot4(int64_t sums[4], const int16_t *x, const int8_t *weights, int32_t inner) {
  for (int32_t from = 0; from < inner; from += NANOC_BLOCK_S16) {
    const int32_t left = inner - from;
    const int16_t *const end = x + (left < NANOC_BLOCK_S16 ? left : NANOC_BLOCK_S16);
    int32_t s0 = 0;
    int32_t s1 = 0;
    int32_t s2 = 0;
    int32_t s3 = 0;
    for (; x != end; weights += 4) {
      const int32_t value = *x++;
      s0 += value * weights[0];
      s1 += value * weights[1];
      s2 += value * weights[2];
      s3 += value * weights[3];
    }
    sums[0] += s0;
    sums[1] += s1;
    sums[2] += s2;
    sums[3] += s3;
  }
}

static int64_t dot1(int64_t sum, const int16_t *x, const int8_t *weights, int32_t step, int32_t inner) {
  for (int32_t from = 0; from < inner; from += NANOC_BLOCK_S16) {
    const int32_t left = inner - from;
    const int16_t *const end = x + (left < NANOC_BLOCK_S16 ? left : NANOC_BLOCK_S16);
    int32_t s = 0;
    for (; x != end; weights += step) {
      s += *x++ * *weights;
    }
    sum += s;
  }
  return sum;
}

static int64_t start(const nanoc_rows_s16 *rows, int32_t channel, int64_t x_sum) {
  return rows->bias[channel] - (rows->weight_zeros == NULL ? 0 : x_sum * rows->weight_zeros[channel]);
}

void nanoc_one_row_s16(const nanoc_rows_s16 *rows, const int16_t *x, int16_t *y) {
  const int32_t inner = rows->inner;
  const int8_t *weights = rows->weights;
  int64_t x_sum = 0;
  if (rows->weight_zeros != NULL) {
    for (int32_t i = 0; i < inner; i++) {
      x_sum += x[i];
    }
  }
  int32_t column = 0;
  for (; column + 4 <= rows->columns; column += 4, weights += 4 * inner) {
    const int32_t channel = rows->first + column;
    int64_t sums[4];
    for (int32_t c = 0; c < 4; c++) {
      sums[c] = start(rows, channel + c, x_sum);
    }
    dot4(sums, x, weights, inner);
    for (int32_t c = 0; c < 4; c++) {
      y[column + c] = nanoc_output_s16(rows->output, sums[c], channel + c);
    }
  }
  const int32_t rest = rows->columns - column;
  for (int32_t c = 0; c < rest; c++) {
    const int32_t channel = rows->first + column + c;
    const int64_t sum = dot1(start(rows, channel, x_sum), x, weights + c, rest, inner);
    y[column + c] = nanoc_output_s16(rows->output, sum, channel);
  }
}
