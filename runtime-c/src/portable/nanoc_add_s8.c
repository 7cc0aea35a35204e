#include "nanoc/elementwise.h"
#include "nanoc/fours.h"

/* Any step and any bounds. */
static void add_row(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const nanoc_add_s8_params *params) {
  const int32_t a_step = params->shape.a_step;
  const int32_t b_step = params->shape.b_step;
  const int8_t *const end = y + count;
  while (y != end) {
    const int32_t sum = params->offset + *a * params->a_factor + *b * params->b_factor;
    *y++ = (int8_t)nanoc_clamp(sum >> params->shift, params->low, params->high);
    a += a_step;
    b += b_step;
  }
}

#if NANOC_FOURS

/* Rows of two dense inputs, four bytes at a time; the bounds are those of int8. Returns how many were done. */
static int32_t add_fours(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const nanoc_add_s8_params *params) {
  const int32_t a_factor = params->a_factor;
  const int32_t b_factor = params->b_factor;
  const int32_t offset = params->offset;
  const int32_t shift = params->shift;
  const int8_t *const end = a + (count & ~3);
  while (a != end) {
    const nanoc_four left = nanoc_load4(a);
    const nanoc_four right = nanoc_load4(b);
    a += 4;
    b += 4;
    const int32_t s0 = offset + nanoc_byte(left, 0) * a_factor + nanoc_byte(right, 0) * b_factor;
    const int32_t s1 = offset + nanoc_byte(left, 1) * a_factor + nanoc_byte(right, 1) * b_factor;
    const int32_t s2 = offset + nanoc_byte(left, 2) * a_factor + nanoc_byte(right, 2) * b_factor;
    const int32_t s3 = offset + nanoc_byte(left, 3) * a_factor + nanoc_byte(right, 3) * b_factor;
    y[0] = (int8_t)nanoc_saturate_s8(s0 >> shift);
    y[1] = (int8_t)nanoc_saturate_s8(s1 >> shift);
    y[2] = (int8_t)nanoc_saturate_s8(s2 >> shift);
    y[3] = (int8_t)nanoc_saturate_s8(s3 >> shift);
    y += 4;
  }
  return count & ~3;
}

#else

static int32_t add_fours(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const nanoc_add_s8_params *params) {
  (void)a;
  (void)b;
  (void)y;
  (void)count;
  (void)params;
  return 0;
}

#endif

void nanoc_add_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_s8_params *params) {
  const nanoc_broadcast *shape = &params->shape;
  const int32_t dense = shape->a_step == 1 && shape->b_step == 1 && params->low == -128 && params->high == 127;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    const int32_t done = dense ? add_fours(a + row.a, b + row.b, y, shape->count, params) : 0;
    add_row(a + row.a + done * shape->a_step, b + row.b + done * shape->b_step, y + done, shape->count - done, params);
    y += shape->count;
    nanoc_next_row(shape, &row);
  }
}
