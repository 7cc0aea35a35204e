/* Rotary position embedding: pairs of neighbours (a, b) become (a cos - b sin, a sin + b cos). */
#ifndef NANOC_ROTARY_H
#define NANOC_ROTARY_H

#include "nanoc/requantize.h"

typedef struct {
  int32_t rows;
  int32_t pairs; /* of a row, each with its cosine and sine */
} nanoc_rotary_embedding_f32_params;

/** y may be x. */
void nanoc_rotary_embedding_f32(const float *x, const float *cosines, const float *sines, float *y,
                                const nanoc_rotary_embedding_f32_params *params);

typedef struct {
  int32_t rows;
  int32_t pairs;
  int32_t x_zero;
  int32_t y_zero;
  float x_scale;
  float y_scale;
} nanoc_rotary_embedding_s8_params;

/** Dequantized, turned and quantized. y may be x. */
void nanoc_rotary_embedding_s8(const int8_t *x, const float *cosines, const float *sines, int8_t *y,
                               const nanoc_rotary_embedding_s8_params *params);

#endif
