/*
 * Layouts, helpers and C twins of the kernels for Armv8.1-M with MVE (compiler/kernels/arm-mve, docs/KERNELS.md).
 *
 * Streams hold everything of a group of channels in the order of use, in words. "Chunks" are sixteen inputs; of the last one only
 * the words that hold weights are stored. Channels that fill a group up are all zero.
 *  - gemm, four channels: bias[4], chunks of [4 channels][16], scale[4].
 *  - matvec, eight channels: bias[8], chunks of [8 channels][16], scale[8]; biases and scales in the order 0, 2, 4, 6, 1, 3, 5, 7.
 *    A last group with fewer channels has the weights of those alone.
 *  - both with zero points, where some weights have one: a byte for each channel before the scales, in their order.
 *  - window, sixteen channels of a depthwise layer: bias[12], [taps][16] (a tap may stand there again for what its weights leave of int8) with bias[4] behind the first run of taps that is summed in
 *    halfwords, scale[16]; biases and scales in the order 0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15.
 *  - rows, two channels: for each row of taps and sixteen inputs [taps of the row][2 channels][16], bias[2], scale[2].
 *  - planes, one channel of a depthwise layer: bias, scale, taps and a byte of 0.
 */
#ifndef NANOC_MVE_H
#define NANOC_MVE_H

#include <string.h>

#include "nanoc/requantize.h"

#if defined(__ARM_FEATURE_MVE)
#define NANOC_MVE_ASSEMBLY ((__ARM_FEATURE_MVE & 2) != 0)
#else
#define NANOC_MVE_ASSEMBLY 0
#endif

typedef struct {
  int32_t x_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const uint32_t *stream;
} nanoc_mve_params;

/** Where the kernel of planes finds and puts things; offsets in bytes. */
typedef struct {
  uint16_t pixels[8];     /* from the first of eight input pixels */
  uint16_t places[8];     /* of eight outputs, in the order 0, 4, 1, 5, 2, 6, 3, 7 */
  uint8_t picks[5][16];   /* for each output of a vector the tap that each byte of the vector meets; the number of taps: none */
} nanoc_mve_planes_tables;

/** Copies `n` bytes; they may lie anywhere. */
static inline void nanoc_mve_copy(int8_t *to, const int8_t *from, int32_t n) {
#if NANOC_MVE_ASSEMBLY
  for (; n >= 16; n -= 16) {
    __asm__ volatile("vldrb.u8 q0, [%[from]], #16\n vstrb.8 q0, [%[to]], #16" : [from] "+r"(from), [to] "+r"(to) : : "q0", "memory");
  }
  if (n > 0) {
    __asm__ volatile("vctp.8 %[n]\n vpstt\n vldrbt.u8 q0, [%[from]]\n vstrbt.8 q0, [%[to]]" : : [from] "r"(from), [to] "r"(to), [n] "r"(n) : "q0", "memory");
  }
#else
  (void)memcpy(to, from, (size_t)n);
#endif
}

/** Sets `n` bytes. */
static inline void nanoc_mve_fill(int8_t *to, int32_t value, int32_t n) {
#if NANOC_MVE_ASSEMBLY
  for (; n > 0; n -= 16) {
    __asm__ volatile("vctp.8 %[n]\n vdup.8 q0, %[value]\n vpst\n vstrbt.8 q0, [%[to]], #16" : [to] "+r"(to) : [value] "r"(value), [n] "r"(n) : "q0", "memory");
  }
#else
  (void)memset(to, (int)value, (size_t)n);
#endif
}

/** Copies a row of `bytes` of which those from `left` to `right`, not included, are in the image; the others get the zero point. */
static inline void nanoc_mve_copy_row(int8_t *to, const int8_t *row, int32_t left, int32_t right, int32_t bytes, int32_t zero) {
  if (left >= right) {
    nanoc_mve_fill(to, zero, bytes);
    return;
  }
  nanoc_mve_fill(to, zero, left);
  nanoc_mve_copy(to + left, row + left, right - left);
  nanoc_mve_fill(to + right, zero, bytes - right);
}

/** A window that leaves the image: rows of taps above, in and below it, bytes between those in it, bytes of one (at most 16). */
typedef struct {
  int32_t above;
  int32_t inside;
  int32_t below;
  int32_t pitch;
  int32_t width;
} nanoc_mve_border;

/**
 * Copies such a window. row: where the first row inside starts. mask: a bit for each byte of a row that is in the image; the others get
 * the zero point. Up to 16 bytes behind the window are set to 0.
 */
static inline void nanoc_mve_copy_border(int8_t *to, const int8_t *row, const nanoc_mve_border *border, uint32_t mask, int32_t zero) {
#if NANOC_MVE_ASSEMBLY
  __asm__ volatile(
      "vmov.i32 q1, #0\n vctp.8 %[width]\n vpst\n vdupt.8 q1, %[zero]\n vmsr p0, %[mask]\n"
      " wls lr, %[above], 2f\n"
      "1: vstrb.8 q1, [%[to]]\n add %[to], %[width]\n le lr, 1b\n"
      "2: wls lr, %[inside], 4f\n"
      "3: vpst\n vldrbt.u8 q0, [%[row]]\n add %[row], %[pitch]\n vpsel q0, q0, q1\n vstrb.8 q0, [%[to]]\n add %[to], %[width]\n le lr, 3b\n"
      "4: wls lr, %[below], 6f\n"
      "5: vstrb.8 q1, [%[to]]\n add %[to], %[width]\n le lr, 5b\n"
      "6:\n"
      : [to] "+r"(to), [row] "+r"(row)
      : [above] "r"(border->above), [inside] "r"(border->inside), [below] "r"(border->below), [pitch] "r"(border->pitch),
        [width] "r"(border->width), [mask] "r"(mask), [zero] "r"(zero)
      : "q0", "q1", "lr", "memory");
#else
  for (int32_t ky = 0; ky < border->above + border->inside + border->below; ky++, to += border->width) {
    const int32_t inside = ky >= border->above && ky < border->above + border->inside;
    for (int32_t k = 0; k < border->width; k++) {
      to[k] = inside != 0 && ((mask >> k) & 1u) != 0u ? row[k] : (int8_t)zero;
    }
    row += inside != 0 ? border->pitch : 0;
  }
#endif
}

#if !NANOC_MVE_ASSEMBLY

/** `count` products, modulo 2^32. */
static inline int32_t nanoc_mve_dot(int32_t sum, const int8_t *x, const int8_t *w, int32_t count) {
  for (int32_t k = 0; k < count; k++) {
    sum = nanoc_mac(sum, x[k], w[k]);
  }
  return sum;
}

/** Bytes of the weights of one channel in a chunk of a layer with `inner` inputs. */
static inline int32_t nanoc_mve_chunk(int32_t inner, int32_t start) { return inner - start >= 16 ? 16 : (inner - start + 3) / 4 * 4; }

/** Sums of `channels` channels of one group, whose biases are in them. Returns what follows the weights. */
static inline const uint32_t *nanoc_mve_sums(const int8_t *x, const uint32_t *w, int32_t *sums, int32_t inner, int32_t channels) {
  for (int32_t start = 0; start < inner; start += 16) {
    const int32_t count = inner - start >= 16 ? 16 : inner - start;
    for (int32_t c = 0; c < channels; c++) {
      sums[c] = nanoc_mve_dot(sums[c], x + start, (const int8_t *)w, count);
      w += nanoc_mve_chunk(inner, start) / 4;
    }
  }
  return w;
}

/** scale: a float32 in a word. */
static inline int8_t nanoc_mve_output(int32_t sum, uint32_t scale, const nanoc_mve_params *p) {
  float s;
  (void)memcpy(&s, &scale, sizeof s);
  return (int8_t)nanoc_requantize(sum, s, p->y_zero, p->low, p->high);
}

/* Takes `channels` zero points off sums, in the order of w; returns what follows them. */
static inline const uint32_t *nanoc_mve_zero_points(const uint32_t *w, int32_t *sums, int32_t input_sum, int32_t channels, int zeros) {
  const int8_t *zero_points = (const int8_t *)w;
  if (zeros == 0) {
    return w;
  }
  for (int32_t c = 0; c < channels; c++) {
    sums[c] = (int32_t)((uint32_t)sums[c] - (uint32_t)(zero_points[c] * input_sum));
  }
  return w + channels / 4;
}

/* The sum of `count` inputs where weights have zero points, else 0. */
static inline int32_t nanoc_mve_input_sum(const int8_t *x, int32_t count, int zeros) {
  int32_t sum = 0;
  for (int32_t k = 0; zeros != 0 && k < count; k++) {
    sum += x[k];
  }
  return sum;
}

static inline void nanoc_mve_pixels(const int8_t *x, int8_t *y, int32_t pixels, const nanoc_mve_params *params, int32_t inner, int32_t pitch, int32_t channels, int zeros) {
  for (; pixels > 0; pixels--, x += pitch, y += channels) {
    const uint32_t *w = params->stream;
    const int32_t input_sum = nanoc_mve_input_sum(x, inner, zeros);
    for (int32_t first = 0; first < channels; first += 4) {
      int32_t sums[4];
      (void)memcpy(sums, w, sizeof sums);
      w = nanoc_mve_sums(x, w + 4, sums, inner, 4);
      w = nanoc_mve_zero_points(w, sums, input_sum, 4, zeros);
      for (int32_t c = 0; c < 4 && first + c < channels; c++) {
        y[first + c] = nanoc_mve_output(sums[c], w[c], params);
      }
      w += 4;
    }
  }
}

/** C twin of the generated nanoc_gemm_mve_*. */
static inline void nanoc_mve_gemm(const int8_t *x, int8_t *y, int32_t pixels, const nanoc_mve_params *params, int32_t inner, int32_t pitch, int32_t channels) {
  nanoc_mve_pixels(x, y, pixels, params, inner, pitch, channels, 0);
}

/** C twin of the generated nanoc_gemm_mve_*_zeros*. */
static inline void nanoc_mve_gemm_zeros(const int8_t *x, int8_t *y, int32_t pixels, const nanoc_mve_params *params, int32_t inner, int32_t pitch, int32_t channels) {
  nanoc_mve_pixels(x, y, pixels, params, inner, pitch, channels, 1);
}

static inline void nanoc_mve_row(const int8_t *x, int8_t *y, const nanoc_mve_params *params, int32_t inner, int32_t channels, int zeros) {
  const uint32_t *w = params->stream;
  const int32_t input_sum = nanoc_mve_input_sum(x, inner, zeros);
  for (int32_t first = 0; first < channels; first += 8) {
    const int32_t width = channels - first < 8 ? channels - first : 8;
    int32_t sums[8];
    int32_t less[8] = {0};
    for (int32_t c = 0; c < 8; c++) {
      sums[c] = (int32_t)w[(c & 1) * 4 + c / 2];
    }
    w = nanoc_mve_sums(x, w + 8, sums, inner, width);
    w = nanoc_mve_zero_points(w, less, input_sum, 8, zeros);
    for (int32_t c = 0; c < width; c++) {
      const int32_t lane = (c & 1) * 4 + c / 2;
      y[first + c] = nanoc_mve_output((int32_t)((uint32_t)sums[c] + (uint32_t)less[lane]), w[lane], params);
    }
    w += 8;
  }
}

/** C twin of the generated nanoc_matvec_mve_*. */
static inline void nanoc_mve_matvec(const int8_t *x, int8_t *y, const nanoc_mve_params *params, int32_t inner, int32_t channels) {
  nanoc_mve_row(x, y, params, inner, channels, 0);
}

/** C twin of the generated nanoc_matvec_mve_*_zeros*. */
static inline void nanoc_mve_matvec_zeros(const int8_t *x, int8_t *y, const nanoc_mve_params *params, int32_t inner, int32_t channels) {
  nanoc_mve_row(x, y, params, inner, channels, 1);
}

/** Word of channel c (0 to 15) among biases and scales of a window. */
static inline int32_t nanoc_mve_lane(int32_t c) { return (c & 1) * 8 + (c & 2) * 2 + c / 4; }

/**
 * C twin of the generated nanoc_taps_mve_*. window: channels, taps, columns of taps, distance of two columns and of two windows in
 * pixels, taps of the first run. pitch: bytes between rows of taps. taps: place of each in the window; NULL: in order, each once.
 */
static inline void nanoc_mve_window(const int8_t *x, int8_t *y, int32_t pixels, const nanoc_mve_params *params, int32_t pitch, const int32_t window[6], const uint16_t *taps) {
  const int32_t channels = window[0];
  const int32_t group = 32 + 4 * window[1]; /* words */
  for (; pixels > 0; pixels--, x += window[4] * channels, y += channels) {
    for (int32_t c = 0; c < channels; c++) {
      const uint32_t *w = params->stream + c / 16 * group;
      const int32_t lane = nanoc_mve_lane(c % 16);
      int32_t sum = (int32_t)w[lane < 12 ? lane : 4 * window[5] + lane];
      for (int32_t i = 0; i < window[1]; i++) {
        const int8_t *weights = (const int8_t *)(w + 12 + 4 * i + (i < window[5] ? 0 : 4));
        const int32_t tap = taps == NULL ? i : taps[i];
        const int8_t *at = x + tap / window[2] * pitch + tap % window[2] * window[3] * channels;
        sum = nanoc_mac(sum, at[c], weights[c % 16]);
      }
      y[c] = nanoc_mve_output(sum, w[group - 16 + lane], params);
    }
  }
}

/**
 * C twin of the generated nanoc_planes_mve_*_image. shape: pixels of the image, where they start in the plane, output pixels, outputs of a
 * vector, bytes from one vector to the next, channels, taps.
 */
static inline void nanoc_mve_planes(const int8_t *x, int8_t *y, int8_t *plane, const nanoc_mve_params *params, const nanoc_mve_planes_tables *tables, const int32_t shape[7]) {
  const uint32_t *w = params->stream;
  for (int32_t c = 0; c < shape[5]; c++, w += 3 + shape[6] / 4) {
    const int8_t *taps = (const int8_t *)(w + 2);
    for (int32_t i = 0; i < shape[0]; i++) {
      plane[shape[1] + i] = x[i * shape[5] + c];
    }
    for (int32_t i = 0; i < shape[2]; i++) {
      const uint8_t *picks = tables->picks[i % shape[3]];
      const int8_t *vector = plane + i / shape[3] * shape[4];
      int32_t sum = (int32_t)w[0];
      for (int32_t k = 0; k < 16; k++) {
        if (picks[k] < shape[6]) {
          sum = nanoc_mac(sum, vector[k] - params->x_zero, taps[picks[k]]);
        }
      }
      y[i * shape[5] + c] = nanoc_mve_output(sum, w[1], params);
    }
  }
}

/**
 * C twin of the generated nanoc_rows_mve_*. shape: input and output channels, rows and columns of taps, distance of two columns and of two
 * windows in pixels. pitch: bytes between rows of taps.
 */
static inline void nanoc_mve_rows(const int8_t *x, int8_t *y, int32_t patches, const nanoc_mve_params *params, int32_t pitch, const int32_t shape[6]) {
  for (int32_t pixel = 0; pixel < 4 * patches; pixel++, x += shape[5] * shape[0], y += shape[1]) {
    const uint32_t *w = params->stream;
    for (int32_t c = 0; c < shape[1]; c += 2) {
      int32_t sums[2] = {0, 0};
      for (int32_t ky = 0; ky < shape[2]; ky++) {
        for (int32_t start = 0; start < shape[0]; start += 16) {
          for (int32_t kx = 0; kx < shape[3]; kx++, w += 8) {
            const int8_t *at = x + ky * pitch + kx * shape[4] * shape[0] + start;
            sums[0] = nanoc_mve_dot(sums[0], at, (const int8_t *)w, 16);
            sums[1] = nanoc_mve_dot(sums[1], at, (const int8_t *)(w + 4), 16);
          }
        }
      }
      for (int32_t i = 0; i < 2; i++) {
        y[c + i] = nanoc_mve_output(nanoc_add_wrap(sums[i], (int32_t)w[i]), w[2 + i], params);
      }
      w += 4;
    }
  }
}

#endif

#endif
