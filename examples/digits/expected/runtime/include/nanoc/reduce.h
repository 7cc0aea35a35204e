/* Sums, averages and extremes along any dimensions; the index of the largest element. */
#ifndef NANOC_REDUCE_H
#define NANOC_REDUCE_H

#include "nanoc/requantize.h"

#define NANOC_REDUCE_RANK 4

/** Which elements one result is made of. Sizes of 1 fill the front; strides are in elements. */
typedef struct {
  int32_t kept[NANOC_REDUCE_RANK]; /* dimensions of y */
  int32_t kept_strides[NANOC_REDUCE_RANK];
  int32_t reduced[NANOC_REDUCE_RANK];
  int32_t reduced_strides[NANOC_REDUCE_RANK];
} nanoc_reduction;

typedef struct {
  nanoc_reduction reduction;
  int32_t x_zero_sum; /* x_zero times the number of elements of one result */
  float scale;
  int32_t y_zero;
  int32_t low;
  int32_t high;
} nanoc_reduce_sum_s8_params;

/** y = requantize(sum of (x - x_zero), scale): sums, and averages where the scale holds the division. No overlap. */
void nanoc_reduce_sum_s8(const int8_t *x, int8_t *y, const nanoc_reduce_sum_s8_params *params);

typedef struct {
  nanoc_reduction reduction;
  int32_t flip; /* 0: the largest element; -1: the smallest */
} nanoc_reduce_extreme_s8_params;

void nanoc_reduce_extreme_s8(const int8_t *x, int8_t *y, const nanoc_reduce_extreme_s8_params *params);

typedef enum { NANOC_REDUCE_SUM = 0, NANOC_REDUCE_MEAN = 1, NANOC_REDUCE_MAX = 2, NANOC_REDUCE_MIN = 3 } nanoc_reduce_kind;

typedef struct {
  nanoc_reduction reduction;
  int32_t kind;  /* nanoc_reduce_kind */
  int32_t count; /* elements of one result */
} nanoc_reduce_f32_params;

/** Elements are taken in row-major order; an average is sum / (float)count. No overlap. */
void nanoc_reduce_f32(const float *x, float *y, const nanoc_reduce_f32_params *params);

typedef struct {
  int32_t outer;
  int32_t size; /* of the axis */
  int32_t inner;
  int32_t flip; /* 0: the largest element; -1: the smallest */
  int32_t last; /* of equal elements, 0: the first, 1: the last */
} nanoc_arg_max_params;

/** y[outer][inner] = index along the axis. No overlap. */
void nanoc_arg_max_s8(const int8_t *x, int64_t *y, const nanoc_arg_max_params *params);
void nanoc_arg_max_f32(const float *x, int64_t *y, const nanoc_arg_max_params *params);

#endif
