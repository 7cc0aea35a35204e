/*
 * Products of two computed tensors for the DSP extension and an FPU. Four columns of b, less its zero point, are packed as halfwords:
 * for each four rows k..k+3 of b and each column (k, k+2), (k+1, k+3), as SXTB16 parts four bytes of a. Rows that are no multiple of four
 * end with the last four of them, of which those that were taken before are 0.
 */
#ifndef NANOC_DSP_DYNAMIC_H
#define NANOC_DSP_DYNAMIC_H

#include "nanoc/dsp.h"
#include "nanoc/matmul.h"

/** As nanoc_matmul_dynamic_s8, with a single scale; at least four columns and four inner elements. scratch: 32 bytes for each four inner elements begun, on a word. */
void nanoc_matmul_dynamic_dsp_s8(const int8_t *a, const int8_t *b, int8_t *y, uint32_t *scratch, const nanoc_matmul_dynamic_s8_params *params);

/** What the rows of a block of four columns have in common. */
typedef struct {
  int32_t starts[4];
  float scale;
  int32_t y_zero;
  int32_t rows;
  int32_t fours; /* whole ones in a row of a, above 0 */
  int32_t back;  /* bytes from where those end back to the last four of a row; 0 where they are its end */
  int32_t y_step;
} nanoc_dynamic_block;

/** Four columns of all rows: a [rows][inner], y at the first of the four. */
void nanoc_matmul_dynamic_dsp_s8_rows(const int8_t *a, const uint32_t *columns, int8_t *y, const nanoc_dynamic_block *block);

#endif
