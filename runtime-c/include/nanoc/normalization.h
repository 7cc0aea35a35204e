/* Normalization by the root of the mean square (ONNX RMSNormalization), and by mean and variance (LayerNormalization). */
#ifndef NANOC_NORMALIZATION_H
#define NANOC_NORMALIZATION_H

#include "nanoc/math.h"
#include "nanoc/requantize.h"

typedef struct {
  int32_t rows;
  int32_t count;
  int32_t reciprocal; /* 1: x * (1 / root), 0: x / root */
  float epsilon;
  const float *scale; /* [count] */
  float y_scale;
  int32_t y_zero;
} nanoc_rms_normalization_params;

/** sqrt(mean(x * x) + epsilon), squares added in ascending order. */
static inline float nanoc_root_mean_square(const float *x, int32_t count, float epsilon) {
  float sum = 0.0f;
  for (int32_t i = 0; i < count; i++) {
    sum = sum + x[i] * x[i];
  }
  return nanoc_sqrt(sum / (float)count + epsilon);
}

/** y = x / root * scale, row by row. Ascending: y may be x. */
void nanoc_rms_normalization_f32(const float *x, float *y, const nanoc_rms_normalization_params *params);

/** The same, quantized. Ascending: y may start at x, or up to three bytes behind it. */
void nanoc_rms_normalization_f32_s8(const float *x, int8_t *y, const nanoc_rms_normalization_params *params);

typedef struct {
  int32_t rows;
  int32_t count;
  float epsilon;
  const float *scale; /* [count], or NULL: ones */
  const float *bias;  /* [count], or NULL */
} nanoc_layer_normalization_params;

/**
 * y = (x - mean) / sqrt(variance + epsilon) * scale + bias, row by row. The mean is that of x, and that of what is then left of x added.
 * Ascending: y may be x.
 */
void nanoc_layer_normalization_f32(const float *x, float *y, const nanoc_layer_normalization_params *params);

#endif
