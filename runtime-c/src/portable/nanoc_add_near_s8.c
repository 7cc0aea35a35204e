#include "nanoc/elementwise.h"
#include "nanoc/fours.h"

static NANOC_NOINLINE int32_t add_exact(int32_t a, int32_t b, const nanoc_add_near_s8_params *params) {
  const float left = (float)(a - params->a_zero) * params->a_scale;
  const float right = (float)(b - params->b_zero) * params->b_scale;
  const nanoc_add_s8_params *fixed = &params->fixed;
  return nanoc_round_clamp((left + right) / params->y_scale, fixed->y_zero, fixed->low, fixed->high);
}

/* Any step and any bounds. */
static void add_row(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const nanoc_add_near_s8_params *params) {
  const nanoc_add_s8_params *fixed = &params->fixed;
  const int8_t *const end = y + count;
  while (y != end) {
    const int32_t sum = fixed->offset + *a * fixed->a_factor + *b * fixed->b_factor;
    if (nanoc_is_near_tie(sum, params->near, fixed->shift)) {
      *y++ = (int8_t)add_exact(*a, *b, params);
    } else {
      *y++ = (int8_t)nanoc_clamp(sum >> fixed->shift, fixed->low, fixed->high);
    }
    a += fixed->shape.a_step;
    b += fixed->shape.b_step;
  }
}

#if NANOC_FOURS

/* Rows of two dense inputs, four bytes at a time; the bounds are those of int8. Returns how many were done. */
static int32_t add_fours(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const nanoc_add_near_s8_params *params) {
  const int32_t a_factor = params->fixed.a_factor;
  const int32_t b_factor = params->fixed.b_factor;
  const int32_t shift = params->fixed.shift;
  /* With `near` in the sum, what is near a tie has a fraction below 2 * near; the quotient of the rest stays the same. */
  const int32_t offset = params->fixed.offset + params->near;
  const int32_t up = 32 - shift;
  const uint32_t limit = (2u * (uint32_t)params->near - 1u) << up;
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
    if ((uint32_t)s0 << up <= limit || (uint32_t)s1 << up <= limit || (uint32_t)s2 << up <= limit || (uint32_t)s3 << up <= limit) {
      add_row(a - 4, b - 4, y, 4, params);
    } else {
      y[0] = (int8_t)nanoc_saturate_s8(s0 >> shift);
      y[1] = (int8_t)nanoc_saturate_s8(s1 >> shift);
      y[2] = (int8_t)nanoc_saturate_s8(s2 >> shift);
      y[3] = (int8_t)nanoc_saturate_s8(s3 >> shift);
    }
    y += 4;
  }
  return count & ~3;
}

#else

static int32_t add_fours(const int8_t *a, const int8_t *b, int8_t *y, int32_t count, const nanoc_add_near_s8_params *params) {
  (void)a;
  (void)b;
  (void)y;
  (void)count;
  (void)params;
  return 0;
}

#endif

void nanoc_add_near_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_near_s8_params *params) {
  const nanoc_broadcast *shape = &params->fixed.shape;
  const int32_t exact_bounds = params->fixed.low == -128 && params->fixed.high == 127;
  const int32_t separable = params->near > 0 && 2 * params->near < (1 << params->fixed.shift);
  const int32_t dense = shape->a_step == 1 && shape->b_step == 1 && exact_bounds && separable;
  nanoc_row row = {{0, 0, 0, 0}, 0, 0};
  for (int32_t r = 0; r < shape->rows; r++) {
    const int32_t done = dense ? add_fours(a + row.a, b + row.b, y, shape->count, params) : 0;
    add_row(a + row.a + done * shape->a_step, b + row.b + done * shape->b_step, y + done, shape->count - done, params);
    y += shape->count;
    nanoc_next_row(shape, &row);
  }
}
