/*
 * Elementwise operators of two inputs, with ONNX broadcasting.
 * y is always dense; an input may lie over y where it is walked in the order of y (its steps are those of y).
 */
#ifndef NANOC_ELEMENTWISE_H
#define NANOC_ELEMENTWISE_H

#include <string.h>

#include "nanoc/requantize.h"

/** Dimensions outside the innermost one. */
#define NANOC_OUTER_DIMS 4

/** How two inputs are walked to give y in ascending order. All steps are in elements; 0 where an input repeats. */
typedef struct {
  int32_t rows;                     /* product of the outer dimensions */
  int32_t count;                    /* elements of a row, the innermost dimension */
  int32_t a_step;                   /* 1, or 0 */
  int32_t b_step;                   /* 1, or 0 */
  int32_t size[NANOC_OUTER_DIMS];   /* outer dimensions, the fastest first; 1 where there are fewer */
  int32_t a_steps[NANOC_OUTER_DIMS];
  int32_t b_steps[NANOC_OUTER_DIMS];
} nanoc_broadcast;

/** Where a row starts in both inputs; all zero for the first. */
typedef struct {
  int32_t index[NANOC_OUTER_DIMS];
  int32_t a;
  int32_t b;
} nanoc_row;

static inline void nanoc_next_row(const nanoc_broadcast *shape, nanoc_row *row) {
  for (int32_t axis = 0; axis < NANOC_OUTER_DIMS; axis++) {
    row->a += shape->a_steps[axis];
    row->b += shape->b_steps[axis];
    row->index[axis]++;
    if (row->index[axis] < shape->size[axis]) {
      return;
    }
    row->a -= shape->a_steps[axis] * shape->size[axis];
    row->b -= shape->b_steps[axis] * shape->size[axis];
    row->index[axis] = 0;
  }
}

/**
 * The sum in fixed point. The compiler has compared it with the float definition for all 65,536 pairs of bytes.
 * No product or sum leaves 32 bits.
 */
typedef struct {
  nanoc_broadcast shape;
  int32_t a_factor;
  int32_t b_factor;
  int32_t offset;
  int32_t shift; /* 1 to 30 */
  int32_t y_zero;
  int32_t low;
  int32_t high;
} nanoc_add_s8_params;

/** y = clamp((a * a_factor + b * b_factor + offset) >> shift): zero points and rounding are in `offset`. */
void nanoc_add_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_s8_params *params);

/** The same with ties to even, for scales whose sums fall on ties: y_zero is not in `offset`. */
void nanoc_add_even_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_s8_params *params);

/** Two tensors of halfwords, each with its scale; a difference is a sum with -b_scale. */
typedef struct {
  nanoc_broadcast shape;
  int32_t a_zero;
  int32_t b_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  float a_scale;
  float b_scale;
  float y_scale;
} nanoc_binary_s16_params;

/** The definition, in float32: ((a - a_zero) * a_scale + (b - b_zero) * b_scale) / y_scale, rounded half to even. */
void nanoc_add_s16(const int16_t *a, const int16_t *b, int16_t *y, const nanoc_binary_s16_params *params);

/** The same with the product of both. */
void nanoc_mul_s16(const int16_t *a, const int16_t *b, int16_t *y, const nanoc_binary_s16_params *params);

/**
 * The definition for scales that no fixed-point form fits: in float32 ((a - a_zero) * a_scale + (b - b_zero) * b_scale) / y_scale,
 * rounded half to even. Computed only where the fixed-point form is within `near` of a tie.
 */
typedef struct {
  nanoc_add_s8_params fixed;
  int32_t near; /* 2 * near <= 1 << shift; equal: always float */
  int32_t a_zero;
  int32_t b_zero;
  float a_scale;
  float b_scale;
  float y_scale;
} nanoc_add_near_s8_params;

void nanoc_add_near_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_add_near_s8_params *params);

/** The product in fixed point, likewise: with p = (a - a_zero) * (b - b_zero), floor(p * factor / 2^14), factor = high_factor * 2^14 + low_factor. */
typedef struct {
  nanoc_broadcast shape;
  int32_t a_zero;
  int32_t b_zero;
  int32_t high_factor;
  int32_t low_factor; /* 0 to 2^14 - 1 */
  int32_t offset;
  int32_t shift; /* 1 to 30 */
  int32_t y_zero;
  int32_t low;
  int32_t high;
} nanoc_mul_s8_params;

void nanoc_mul_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mul_s8_params *params);
void nanoc_mul_even_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mul_s8_params *params);

typedef struct {
  nanoc_mul_s8_params fixed;
  int32_t near;
  float a_scale;
  float b_scale;
  float y_scale;
} nanoc_mul_near_s8_params;

/** In float32 ((a - a_zero) * a_scale * ((b - b_zero) * b_scale)) / y_scale, where the fixed-point form is within `near` of a tie. */
void nanoc_mul_near_s8(const int8_t *a, const int8_t *b, int8_t *y, const nanoc_mul_near_s8_params *params);

/** Rounds a fixed-point number to the nearest integer, ties to even. `offset` of the number holds 2^(shift-1) - 1. */
static inline int32_t nanoc_shift_even(int32_t x, int32_t shift) {
  const int32_t half = (int32_t)((1u << (shift - 1)) - 1u);
  const int32_t odd = ((x - half) >> shift) & 1;
  return (x + odd) >> shift;
}

/** True within `near` of where the shifted value steps, that is, of a tie. */
static inline int nanoc_is_near_tie(int32_t x, int32_t near, int32_t shift) {
  const uint32_t fraction = ((uint32_t)x + (uint32_t)near) & ((1u << shift) - 1u);
  return fraction < 2u * (uint32_t)near;
}

/** p * (high_factor * 2^14 + low_factor) / 2^14, rounded down; |p| at most 2^16. */
static inline int32_t nanoc_scale_product(int32_t p, int32_t high_factor, int32_t low_factor) {
  return p * high_factor + ((p * low_factor) >> 14);
}

/** Float operators; the result is bounded by low and high (infinite when there is no clamp). NaN stays NaN. */
typedef struct {
  nanoc_broadcast shape;
  float low;
  float high;
} nanoc_binary_f32_params;

void nanoc_add_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);
void nanoc_sub_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);
void nanoc_mul_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);
void nanoc_div_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);
/** NaN wins over numbers. */
void nanoc_min_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);
void nanoc_max_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);
/** a to the power of b; nanoc_pow in nanoc/math.h. */
void nanoc_pow_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);
/** a where it is not negative, else a * b. */
void nanoc_prelu_f32(const float *a, const float *b, float *y, const nanoc_binary_f32_params *params);

static inline float nanoc_clamp_f32(float x, float low, float high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}

#endif
