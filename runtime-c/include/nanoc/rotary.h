/* Rotary position embedding: pairs (a, b), neighbours or in two halves, become (a cos - b sin, a sin + b cos). */
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

typedef struct {
  int32_t rows;
  int32_t pairs; /* half of a row */
  int32_t angle; /* from an element's angle to that of its partner in the second half: 0 where they are the same */
} nanoc_rotary_halves_f32_params;

/** Pairs of x[i] and x[i + pairs]. y may be x, or lie whole rows before it. */
void nanoc_rotary_halves_f32(const float *x, const float *cosines, const float *sines, float *y,
                             const nanoc_rotary_halves_f32_params *params);

typedef struct {
  int32_t rows;
  int32_t pairs;
  int32_t angle;
  int32_t x_zero;
  int32_t y_zero;
  float x_scale;
  float y_scale;
} nanoc_rotary_halves_s8_params;

/** Dequantized, turned and quantized; the same overlap. */
void nanoc_rotary_halves_s8(const int8_t *x, const float *cosines, const float *sines, int8_t *y,
                            const nanoc_rotary_halves_s8_params *params);

#endif
