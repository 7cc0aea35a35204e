/*
 * Products of two computed tensors for MVE with floats. Four columns of b are packed as bytes: for each 16 rows of b begun, 16 of each
 * column; what is left over is 0.
 */
#ifndef NANOC_MVE_DYNAMIC_H
#define NANOC_MVE_DYNAMIC_H

#include "nanoc/matmul.h"
#include "nanoc/mve.h"

/** As nanoc_matmul_dynamic_s8, with a single scale and at least four columns. scratch: 64 bytes for each 16 inner elements begun. */
void nanoc_matmul_dynamic_mve_s8(const int8_t *a, const int8_t *b, int8_t *y, int8_t *scratch, const nanoc_matmul_dynamic_s8_params *params);

/** What the rows of a block of four columns have in common. The assembly knows the order. */
typedef struct {
  int32_t starts[4];
  float scale;
  int32_t y_zero;
  int32_t minus_b_zero;
  int32_t low;
  int32_t high;
  int32_t rows;
  int32_t inner;
  int32_t packed; /* bytes of the four columns */
  int32_t back;   /* bytes from where the last 16 of a row of a end back to the row's end */
  int32_t y_step;
} nanoc_dynamic_mve_block;

/** Four columns of all rows: a [rows][inner], y at the first of the four. */
void nanoc_matmul_dynamic_mve_s8_rows(const int8_t *a, const int8_t *columns, int8_t *y, const nanoc_dynamic_mve_block *block);

#endif
