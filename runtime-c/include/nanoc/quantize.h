/* Between float32 and quantized integers (ONNX QuantizeLinear, DequantizeLinear), and between plain types (Cast). */
#ifndef NANOC_QUANTIZE_H
#define NANOC_QUANTIZE_H

#include "nanoc/requantize.h"
#include "nanoc/typed.h"

/** Elements lie as [outer][channels][inner], each channel with its own scale and zero point; one channel when there is one scale. */
typedef struct {
  int32_t outer;
  int32_t channels;
  int32_t inner;
  const float *scale;
  const int32_t *zero;
} nanoc_quantization;

/**
 * y = saturate(round_half_even(x / scale) + zero); NaN gives the zero point.
 * Ascending: y may start at x, or up to three bytes behind it.
 */
void nanoc_quantize_s8(const float *x, int8_t *y, const nanoc_quantization *params);
void nanoc_quantize_u8(const float *x, uint8_t *y, const nanoc_quantization *params);
/** The same; y may start at x, or up to two bytes behind it. */
void nanoc_quantize_s16(const float *x, int16_t *y, const nanoc_quantization *params);

/** y = (float)(x - zero) * scale. Ascending: y may start three bytes before x for each element but the last, or earlier. */
void nanoc_dequantize_s8(const int8_t *x, float *y, const nanoc_quantization *params);
void nanoc_dequantize_u8(const uint8_t *x, float *y, const nanoc_quantization *params);
/** The same; y may start two bytes before x for each element but the last, or earlier. */
void nanoc_dequantize_s16(const int16_t *x, float *y, const nanoc_quantization *params);
/** x and y must not overlap. x - zero must not leave 32 bits. */
void nanoc_dequantize_s32(const int32_t *x, float *y, const nanoc_quantization *params);

/**
 * ONNX Cast of `count` elements. Floats are truncated; what int64 cannot hold saturates, NaN gives 0; integers wrap modulo
 * the size of y; a bool is 1 for all that is not 0. from and to: nanoc_type. x and y must not overlap.
 */
void nanoc_cast(const void *x, void *y, int32_t count, int32_t from, int32_t to);

#endif
