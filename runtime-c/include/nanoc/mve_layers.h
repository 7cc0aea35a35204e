/*
 * Layers whose kernels for Armv8.1-M with MVE do not depend on the shape. Each gives the bytes of its portable sibling, whose contract it
 * has; without MVE each is plain C.
 */
#ifndef NANOC_MVE_LAYERS_H
#define NANOC_MVE_LAYERS_H

#include "nanoc/elementwise.h"
#include "nanoc/mve.h"
#include "nanoc/pool.h"
#include "nanoc/table.h"

/** As nanoc_add_s8; both inputs are walked in the order of y (a_step and b_step are 1). */
void nanoc_add_mve_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_s8_params *params);

/** The float32 law with a product in place of the division; the compiler has compared all 65,536 pairs of bytes. a_step and b_step are 1. */
typedef struct {
  nanoc_broadcast shape;
  int32_t a_zero;
  int32_t b_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  float a_scale;
  float b_scale;
  float y_inverse;
} nanoc_mve_float_params;

/** y = round_half_even(((a - a_zero) * a_scale + (b - b_zero) * b_scale) * y_inverse) + y_zero, bounded. y may be a or b, or start before it. */
void nanoc_add_float_mve_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mve_float_params *params);
/** The same with the product of the two. */
void nanoc_mul_float_mve_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mve_float_params *params);

/** As nanoc_table_s8. */
void nanoc_table_mve_s8(const int8_t *x, int8_t *y, const int8_t *table, int32_t count);

/** As nanoc_max_pool_s8. */
void nanoc_max_pool_mve_s8(const int8_t *x, int8_t *y, const nanoc_window *window);

/** As nanoc_average_all_s8. */
void nanoc_average_all_mve_s8(const int8_t *x, int8_t *y, const nanoc_average_all_s8_params *params);

#endif
