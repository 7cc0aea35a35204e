#include "nanoc/halfwords.h"

void nanoc_matmul_dynamic_s16(const int16_t *a, const int16_t *b, int16_t *y,
                              const nanoc_matmul_dynamic_s16_params *params) {
  const nanoc_matmul_dynamic_s16_params *p = params;
  for (int32_t batch = 0; batch < p->batches; batch++, a += p->a_step, b += p->b_step) {
    for (int32_t row = 0; row < p->rows; row++) {
      const int16_t *const left = a + row * p->inner;
      for (int32_t column = 0; column < p->columns; column++) {
        const int16_t *right = b + column;
        int64_t sum = p->bias == NULL ? 0 : p->bias[column];
        for (int32_t i = 0; i < p->inner; i++, right += p->columns) {
          sum += (int64_t)(left[i] - p->a_zero) * (*right - p->b_zero);
        }
        *y++ = nanoc_output_s16(&p->output, sum, column);
      }
    }
  }
}
