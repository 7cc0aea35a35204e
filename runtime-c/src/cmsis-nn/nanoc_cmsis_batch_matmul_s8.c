#include "nanoc/cmsis_nn.h"

/* The library wants the rows of the right side to lie together. */
static void turn(const int8_t *b, int8_t *turned, int32_t inner, int32_t columns) {
  for (int32_t c = 0; c < columns; c++) {
    for (int32_t k = 0; k < inner; k++) {
      *turned++ = b[k * columns + c];
    }
  }
}

void nanoc_cmsis_batch_matmul_s8(const int8_t *a, const int8_t *b, int8_t *y, void *scratch,
                                 const nanoc_cmsis_batch_matmul_s8_params *params) {
  const nanoc_cmsis_batch_matmul_s8_params *p = params;
  int8_t *const turned = scratch;
  const cmsis_nn_context context = {turned + p->sums_at, p->b.w * (int32_t)sizeof(int32_t)};
  const cmsis_nn_bmm_params layer = {false, false, {p->a_offset, p->b_offset, p->y_offset, p->activation}};
  const int32_t size = p->b.w * p->b.c;
  for (int32_t batch = 0; batch < p->b.h; batch++) {
    turn(b + batch * size, turned + batch * size, p->b.c, p->b.w);
  }
  (void)arm_batch_matmul_s8(&context, &layer, &p->quantization, &p->a, a, &p->b, turned, &p->y, y);
}
