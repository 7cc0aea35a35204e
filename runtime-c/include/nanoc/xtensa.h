/*
 * Kernels for Xtensa cores with MAC16 and FPU (LX6 and LX7 as in ESP32 and ESP32-S3; docs/KERNELS-XTENSA.md). Inputs are widened into pairs of
 * halfwords, each 128 higher than it is, in the order k, k + 2 and k + 1, k + 3. A halfword of weights belongs to two channels:
 * 256 * w1 + (w0 + 128).
 */
#ifndef NANOC_XTENSA_H
#define NANOC_XTENSA_H

#include <string.h>

#include "nanoc/requantize.h"

#if defined(__GNUC__) && defined(__XTENSA__) && __XCHAL_HAVE_MAC16
#define NANOC_MAC16_ASSEMBLY 1
#else
#define NANOC_MAC16_ASSEMBLY 0
#endif

/** A word that lies on a word. */
static inline uint32_t nanoc_lx_load(const int8_t *from) {
#if defined(__GNUC__)
  typedef uint32_t __attribute__((may_alias)) aligned_word;
  return *(const aligned_word *)(const void *)from;
#else
  uint32_t word;
  memcpy(&word, from, 4);
  return word;
#endif
}

/** Four inputs as two words of halfwords 128 higher. */
static inline void nanoc_lx_widen(uint32_t four, uint32_t to[2]) {
  const uint32_t high = four ^ 0x80808080u;
  to[0] = high & 0x00FF00FFu;
  to[1] = (high >> 8) & 0x00FF00FFu;
}

/* LDINC moves the pointer first. */
#define NANOC_LX_BEFORE(pointer) ((uint32_t)(uintptr_t)(pointer) - 4u)

/* Both products of two words of halfwords: what the C twins compute with. */
static inline uint32_t nanoc_lx_product(uint32_t x, uint32_t w) {
  const int32_t low = (int16_t)(uint16_t)x * (int16_t)(uint16_t)w;
  const int32_t high = (int16_t)(uint16_t)(x >> 16) * (int16_t)(uint16_t)(w >> 16);
  return (uint32_t)low + (uint32_t)high;
}

/** clamp(zero + round_half_even(sum * scale)) for sums whose product with scale is below 2^30: what the assembly computes in six instructions. */
static inline int8_t nanoc_lx_requantize(uint32_t sum, float scale, int32_t zero) {
  return (int8_t)nanoc_requantize((int32_t)sum, scale, zero, -128, 127);
}

/** Clamps n bytes, `step` apart, to [low, high], for activations whose bounds are not those of int8. */
static inline void nanoc_lx_clamp(int8_t *y, int32_t n, int32_t step, int32_t low, int32_t high) {
  for (int32_t i = 0; i < n; i++, y += step) {
    *y = (int8_t)nanoc_clamp(*y, low, high);
  }
}

typedef struct {
  int32_t batches;
  int32_t in_h;
  int32_t in_w;
  int32_t in_c;
  int32_t out_h;
  int32_t out_w;
  int32_t out_c;
  int32_t kernel_h;
  int32_t kernel_w;
  int32_t stride_h;
  int32_t stride_w;
  int32_t pad_top;
  int32_t pad_left;
  int32_t quads;    /* inputs of a window in groups of four, the last filled up */
  int32_t block;    /* pixels that are widened before any of them is multiplied */
  int32_t x_zero;
  const uint32_t *weights; /* for each pair of channels 2 * quads words; one more word at the end */
  const int32_t *start;    /* for each pair of channels: what the sums of the first start from, and what those of both in one word do */
  const int32_t *factor;   /* for each pair of channels: how often the inputs' sum is taken off both; NULL: 128 times, as weights have no zero points */
  nanoc_output output;
} nanoc_lx_conv_params;

/**
 * Convolution without groups and dilation, or a matrix product, whose rows are pixels. x on a word where in_c is a multiple of four. Scratch:
 * words, 2 * quads * (block + 1) + 2 * block (2 * quads + 2 for a block of 1), `block` more with factors, and `quads` more where in_c is no multiple of four. A block is read whole before it is written.
 */
void nanoc_conv_lx_s8(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_lx_conv_params *params);

/** One direction of a depthwise convolution; steps of both images in bytes. */
typedef struct {
  int32_t in;
  int32_t out;
  int32_t kernel;
  int32_t stride;
  int32_t pad;
  int32_t in_step;
  int32_t out_step;
} nanoc_lx_axis;

typedef struct {
  int32_t channels;
  nanoc_lx_axis across; /* rows of the plane: those of the image, or its columns */
  nanoc_lx_axis along;
  int32_t dilation; /* across */
  int32_t x_zero;
  const uint32_t *weights; /* 3x3: 5 words a channel, its columns' rows 0 and 1, then row 2 of columns 0 and 1, and of column 2; else for each channel and row of the window 2 * quads + 1 */
  const int32_t *start;
  nanoc_output output;
} nanoc_lx_depthwise_params;

/**
 * Depthwise convolution of one image. A channel is widened whole into scratch before its outputs are written, so y may lie over x at any
 * distance of whole pixels. Scratch of the 3x3 form: (across.out + 1) / 2 * (along.out + 2) pairs of words. Of the other: rows of
 * ceil(W / 2) + 1 words, W = (along.out - 1) * along.stride + along.kernel, (across.out - 1) * across.stride + (across.kernel - 1) * dilation + 1
 * of them, twice where along.stride is odd.
 */
void nanoc_depthwise_3x3_lx_s8(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_lx_depthwise_params *params);
void nanoc_depthwise_lx_s8(const int8_t *x, int8_t *y, uint32_t *scratch, const nanoc_lx_depthwise_params *params);

/**
 * Of one image whose only window is all of it: `along.kernel` taps, start without the 128 of widened inputs, weights in words of two, an odd
 * number filled up, and one more word at the end. y may lie over x where no channel's output is behind its first input.
 */
void nanoc_depthwise_one_lx_s8(const int8_t *x, int8_t *y, const nanoc_lx_depthwise_params *params);

#endif
