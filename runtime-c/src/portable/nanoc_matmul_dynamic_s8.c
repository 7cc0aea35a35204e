#include "nanoc/matmul.h"

/* Where a row of a meets the columns of b; a_zero is taken from a, and b_zero times what is left of the row from the sum. */
typedef struct {
  const int8_t *b;
  int32_t inner;
  int32_t columns; /* elements from a row of b to the next */
  int32_t a_zero;
  int32_t b_zero;
} matrix;

/* Two rows, four columns: sums[4 * row + column], modulo 2^32. */
static NANOC_NOINLINE void add_products(const matrix *m, const int8_t *first, const int8_t *second, const int8_t *b, uint32_t sums[8]) {
  uint32_t a0 = 0;
  uint32_t a1 = 0;
  uint32_t a2 = 0;
  uint32_t a3 = 0;
  uint32_t b0 = 0;
  uint32_t b1 = 0;
  uint32_t b2 = 0;
  uint32_t b3 = 0;
  int32_t first_sum = 0;
  int32_t second_sum = 0;
  const int32_t zero = m->a_zero;
  const int32_t step = m->columns;
  const int8_t *const end = first + m->inner;
  while (first != end) {
    const int32_t left = *first++ - zero;
    const int32_t right = *second++ - zero;
    first_sum += left;
    second_sum += right;
    a0 += (uint32_t)(left * b[0]);
    b0 += (uint32_t)(right * b[0]);
    a1 += (uint32_t)(left * b[1]);
    b1 += (uint32_t)(right * b[1]);
    a2 += (uint32_t)(left * b[2]);
    b2 += (uint32_t)(right * b[2]);
    a3 += (uint32_t)(left * b[3]);
    b3 += (uint32_t)(right * b[3]);
    b += step;
  }
  const uint32_t of_first = (uint32_t)first_sum * (uint32_t)m->b_zero;
  const uint32_t of_second = (uint32_t)second_sum * (uint32_t)m->b_zero;
  sums[0] = a0 - of_first;
  sums[1] = a1 - of_first;
  sums[2] = a2 - of_first;
  sums[3] = a3 - of_first;
  sums[4] = b0 - of_second;
  sums[5] = b1 - of_second;
  sums[6] = b2 - of_second;
  sums[7] = b3 - of_second;
}

/* One row, one column. */
static uint32_t one_product(const matrix *m, const int8_t *a, const int8_t *b) {
  uint32_t sum = 0;
  for (int32_t k = 0; k < m->inner; k++, b += m->columns) {
    sum += (uint32_t)((a[k] - m->a_zero) * (*b - m->b_zero));
  }
  return sum;
}

static inline int8_t output_of(const nanoc_matmul_dynamic_s8_params *p, uint32_t sum, int32_t column) {
  const uint32_t bias = p->bias == NULL ? 0u : (uint32_t)p->bias[column];
  return (int8_t)nanoc_output_s8(&p->output, (int32_t)(sum + bias), column);
}

/* One or two rows. */
static void take_rows(const nanoc_matmul_dynamic_s8_params *p, const matrix *m, const int8_t *a, int8_t *y, int32_t rows) {
  int32_t column = 0;
  for (; column + 4 <= p->columns; column += 4) {
    uint32_t sums[8];
    add_products(m, a, a + (rows - 1) * p->inner, m->b + column, sums);
    for (int32_t i = 0; i < 4 * rows; i++) {
      y[(i / 4) * p->columns + column + i % 4] = output_of(p, sums[i], column + i % 4);
    }
  }
  for (; column < p->columns; column++) {
    for (int32_t row = 0; row < rows; row++) {
      y[row * p->columns + column] = output_of(p, one_product(m, a + row * p->inner, m->b + column), column);
    }
  }
}

void nanoc_matmul_dynamic_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_matmul_dynamic_s8_params *params) {
  const nanoc_matmul_dynamic_s8_params *p = params;
  matrix m = {b, p->inner, p->columns, p->a_zero, p->b_zero};
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t row = 0; row < p->rows; row += 2) {
      const int32_t rows = p->rows - row < 2 ? 1 : 2;
      take_rows(p, &m, a + row * p->inner, y, rows);
      y += rows * p->columns;
    }
    a += p->a_step;
    m.b += p->b_step;
  }
}
