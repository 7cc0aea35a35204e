/*
 * Functions of one float32 number on arrays: y[i] = f(x[i]) in ascending order, so that y may lie over x.
 * The compiler has the same operations in the same order (numerics/float-math.ts): equal bits on every core.
 */
#ifndef NANOC_ACTIVATION_H
#define NANOC_ACTIVATION_H

#include "nanoc/types.h"

void nanoc_relu_f32(const float *x, float *y, int32_t count);
/** max(x, low), then min(x, high). */
void nanoc_clip_f32(const float *x, float *y, int32_t count, float low, float high);
void nanoc_leaky_relu_f32(const float *x, float *y, int32_t count, float alpha);
void nanoc_thresholded_relu_f32(const float *x, float *y, int32_t count, float alpha);
void nanoc_sigmoid_f32(const float *x, float *y, int32_t count);
void nanoc_tanh_f32(const float *x, float *y, int32_t count);
void nanoc_exp_f32(const float *x, float *y, int32_t count);
void nanoc_log_f32(const float *x, float *y, int32_t count);
/** Correctly rounded. */
void nanoc_sqrt_f32(const float *x, float *y, int32_t count);
void nanoc_sin_f32(const float *x, float *y, int32_t count);
void nanoc_cos_f32(const float *x, float *y, int32_t count);
void nanoc_erf_f32(const float *x, float *y, int32_t count);
void nanoc_softplus_f32(const float *x, float *y, int32_t count);
void nanoc_neg_f32(const float *x, float *y, int32_t count);
void nanoc_abs_f32(const float *x, float *y, int32_t count);
void nanoc_floor_f32(const float *x, float *y, int32_t count);
void nanoc_ceil_f32(const float *x, float *y, int32_t count);
/** Ties to even. */
void nanoc_round_even_f32(const float *x, float *y, int32_t count);
void nanoc_sign_f32(const float *x, float *y, int32_t count);
void nanoc_reciprocal_f32(const float *x, float *y, int32_t count);
void nanoc_softsign_f32(const float *x, float *y, int32_t count);
void nanoc_elu_f32(const float *x, float *y, int32_t count, float alpha);
void nanoc_selu_f32(const float *x, float *y, int32_t count, float alpha, float gamma);
void nanoc_celu_f32(const float *x, float *y, int32_t count, float alpha);
void nanoc_hard_sigmoid_f32(const float *x, float *y, int32_t count, float alpha, float beta);
void nanoc_hard_swish_f32(const float *x, float *y, int32_t count);
void nanoc_mish_f32(const float *x, float *y, int32_t count);
void nanoc_gelu_f32(const float *x, float *y, int32_t count);
void nanoc_gelu_tanh_f32(const float *x, float *y, int32_t count);

#endif
