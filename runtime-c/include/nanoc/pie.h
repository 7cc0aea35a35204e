/*
 * What generated kernels for the vectors (PIE) of the ESP32-S3 share (docs/KERNELS-XTENSA.md): vectors of 16 bytes on 16 bytes, sums in the
 * accumulators ACCX (one of 40 bits) and QACC (16 of 20 bits), requantization by the FPU. Without that chip's assembler their C twins are compiled.
 */
#ifndef NANOC_PIE_H
#define NANOC_PIE_H

#include <string.h>

#include "nanoc/requantize.h"

#if defined(__GNUC__) && defined(__XTENSA__) && defined(ESP_PLATFORM)
#include <sdkconfig.h>
#endif
#if defined(__GNUC__) && defined(__XTENSA__) && defined(CONFIG_IDF_TARGET_ESP32S3)
#define NANOC_PIE_ASSEMBLY 1
#else
#define NANOC_PIE_ASSEMBLY 0
#endif

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
  int32_t x_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const int8_t *weights; /* for each channel whole vectors; two more vectors at the end are loaded */
  /* Four words a channel: what its sum starts from; bits 32 and higher of that + 2^32, since one emulator adds to ACCX as if it had no sign; its
   * scale, a float; 0. */
  const int32_t *channels;
} nanoc_pie_conv_params;

/** All channels of one window, whose rows are whole vectors, `step` bytes apart. */
typedef void nanoc_pie_dots(const int8_t *window, int32_t step, const nanoc_pie_conv_params *params, int8_t *y);

/** Copies bytes that lie anywhere: this core loads and stores words at any address. */
static inline void nanoc_pie_copy_bytes(int8_t *to, const int8_t *from, int32_t bytes) {
#if NANOC_PIE_ASSEMBLY
  int32_t words = bytes / 4;
  int32_t left = bytes % 4;
  int32_t t;
  __asm__ volatile(
      "loopnez %[words], 1f\n"
      "\tl32i %[t], %[from], 0\n"
      "\taddi %[from], %[from], 4\n"
      "\ts32i %[t], %[to], 0\n"
      "\taddi %[to], %[to], 4\n"
      "1:\n"
      "\tloopnez %[left], 2f\n"
      "\tl8ui %[t], %[from], 0\n"
      "\taddi %[from], %[from], 1\n"
      "\ts8i %[t], %[to], 0\n"
      "\taddi %[to], %[to], 1\n"
      "2:"
      : [to] "+a"(to), [from] "+a"(from), [words] "+a"(words), [left] "+a"(left), [t] "=&a"(t)
      :
      : "memory");
#else
  memcpy(to, from, (size_t)bytes);
#endif
}

/** A window as one run of bytes in scratch; what fills its last vector up has weights of 0. */
static inline void nanoc_pie_gather(const int8_t *x, int32_t iy, int32_t ix, const nanoc_pie_conv_params *p, int8_t *to) {
  const int32_t bytes = p->kernel_w * p->in_c;
  const int32_t left = ix < 0 ? (-ix < p->kernel_w ? -ix : p->kernel_w) : 0;
  const int32_t room = p->in_w - ix < p->kernel_w ? p->in_w - ix : p->kernel_w;
  const int32_t inside = room > left ? (room - left) * p->in_c : 0;
  if (inside < bytes || iy < 0 || iy + p->kernel_h > p->in_h) {
    memset(to, p->x_zero, (size_t)(p->kernel_h * bytes));
  }
  const int8_t *line = x + (iy * p->in_w + ix + left) * p->in_c;
  int8_t *into = to + left * p->in_c;
  for (int32_t row = iy; row < iy + p->kernel_h; row++, line += p->in_w * p->in_c, into += bytes) {
    if (row >= 0 && row < p->in_h) {
      nanoc_pie_copy_bytes(into, line, inside);
    }
  }
}

/** Every window of a convolution: where it lies in x if `direct` allows it and it is inside, else copied into scratch. */
static inline void nanoc_pie_windows(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_pie_conv_params *params,
                                     int32_t direct, nanoc_pie_dots *dots) {
  const nanoc_pie_conv_params *p = params;
  const int32_t last_y = p->in_h - p->kernel_h;
  const int32_t last_x = p->in_w - p->kernel_w;
  for (int32_t batch = 0; batch < p->batches; batch++, x += p->in_h * p->in_w * p->in_c) {
    for (int32_t iy = -p->pad_top; iy < p->out_h * p->stride_h - p->pad_top; iy += p->stride_h) {
      for (int32_t ix = -p->pad_left; ix < p->out_w * p->stride_w - p->pad_left; ix += p->stride_w, y += p->out_c) {
        if (direct != 0 && iy >= 0 && ix >= 0 && iy <= last_y && ix <= last_x) {
          dots(x + (iy * p->in_w + ix) * p->in_c, p->in_w * p->in_c, p, y);
        } else {
          nanoc_pie_gather(x, iy, ix, p, scratch);
          dots(scratch, p->kernel_w * p->in_c, p, y);
        }
      }
    }
  }
}

/* Bytes of a window that stays in registers, and so is read whole before any of its outputs is written. */
#define NANOC_PIE_HELD 96

/** The C twin of a generated function of type nanoc_pie_dots: `rows` rows of `bytes` bytes. */
static inline void nanoc_pie_dots_twin(const int8_t *window, int32_t step, const nanoc_pie_conv_params *p, int8_t *y,
                                       int32_t rows, int32_t bytes) {
  int8_t held[NANOC_PIE_HELD];
  if (rows * bytes <= NANOC_PIE_HELD) {
    for (int32_t row = 0; row < rows; row++) {
      memcpy(held + row * bytes, window + row * step, (size_t)bytes);
    }
    window = held;
    step = bytes;
  }
  const int8_t *w = p->weights;
  for (int32_t channel = 0; channel < p->out_c; channel++) {
    const int32_t *c = &p->channels[4 * channel];
    int32_t sum = c[0];
    float scale;
    memcpy(&scale, &c[2], sizeof scale);
    for (int32_t row = 0; row < rows; row++, w += bytes) {
      for (int32_t i = 0; i < bytes; i++) {
        sum += window[row * step + i] * w[i];
      }
    }
    y[channel] = (int8_t)nanoc_requantize(sum, scale, p->y_zero, p->low, p->high);
  }
}

/* A depthwise layer works on 16 channels at a time. */
typedef struct {
  int32_t in_h;
  int32_t in_w;
  int32_t channels; /* a multiple of 16 */
  int32_t out_h;
  int32_t out_w;
  int32_t kernel_h;
  int32_t stride_h;
  int32_t pad_top;
  int32_t pad_left;
  int32_t columns; /* of a row in scratch: padding, image, padding */
  int32_t x_zero;
  int32_t y_zero;
  int32_t low;
  int32_t high;
  const int8_t *weights; /* [channels / 16][taps][16] */
  const uint8_t *starts; /* for each 16 channels 64 bytes as QACC is loaded: 8 lanes of 20 bits, twice in 32 bytes */
  const float *scales;   /* [channels] */
} nanoc_pie_depthwise_params;

/** One row of outputs of 16 channels. `rows`: those of the window, in scratch; `at`: the first of the channels. */
typedef void nanoc_pie_outputs(const int8_t *const *rows, int32_t at, const nanoc_pie_depthwise_params *params, int8_t *y);

/** Copies whole vectors; both on 16 bytes. */
static inline void nanoc_pie_copy(int8_t *to, const int8_t *from, int32_t bytes) {
#if NANOC_PIE_ASSEMBLY
  int32_t vectors = bytes / 16;
  __asm__ volatile(
      "loopnez %[vectors], 1f\n"
      "\tee.vld.128.ip q0, %[from], 16\n"
      "\tee.vst.128.ip q0, %[to], 16\n"
      "1:"
      : [to] "+a"(to), [from] "+a"(from), [vectors] "+a"(vectors)
      :
      : "memory");
#else
  memcpy(to, from, (size_t)bytes);
#endif
}

/** Walks the rows of a depthwise layer: those of a window lie in scratch, padded, `kernel_h` times columns * channels bytes. */
static inline void nanoc_pie_rows(const int8_t *x, int8_t *y, int8_t *scratch, const nanoc_pie_depthwise_params *params,
                                  const int8_t **rows, nanoc_pie_outputs *outputs) {
  const nanoc_pie_depthwise_params *p = params;
  const int32_t pitch = p->columns * p->channels;
  int32_t next = 0; /* rows are counted from the first row of padding */
  memset(scratch, p->x_zero, (size_t)(p->kernel_h * pitch));
  for (int32_t top = 0; top < p->out_h * p->stride_h; top += p->stride_h, y += p->out_w * p->channels) {
    for (next = next > top ? next : top; next < top + p->kernel_h; next++) {
      int8_t *slot = scratch + (next % p->kernel_h) * pitch;
      const int32_t row = next - p->pad_top;
      if (row >= 0 && row < p->in_h) {
        nanoc_pie_copy(slot + p->pad_left * p->channels, x + row * p->in_w * p->channels, p->in_w * p->channels);
      } else {
        memset(slot, p->x_zero, (size_t)pitch);
      }
    }
    for (int32_t row = 0; row < p->kernel_h; row++) {
      rows[row] = scratch + ((top + row) % p->kernel_h) * pitch;
    }
    for (int32_t at = 0; at < p->channels; at += 16) {
      outputs(rows, at, p, y + at);
    }
  }
}

/** The C twin of a generated function of type nanoc_pie_outputs. */
static inline void nanoc_pie_outputs_twin(const int8_t *const *rows, int32_t at, const nanoc_pie_depthwise_params *p,
                                          int8_t *y, int32_t kernel_w, int32_t stride_w) {
  const int8_t *w = p->weights + at * p->kernel_h * kernel_w;
  for (int32_t lane = 0; lane < 16; lane++) {
    const int32_t bit = 20 * (lane % 8);
    const uint8_t *start = p->starts + 4 * at + 32 * (lane / 8) + bit / 8;
    const uint32_t three = (uint32_t)start[0] | ((uint32_t)start[1] << 8) | ((uint32_t)start[2] << 16);
    const int32_t first = (int32_t)(three << (12 - bit % 8)) >> 12;
    for (int32_t column = 0; column < p->out_w; column++) {
      int32_t sum = first;
      for (int32_t row = 0; row < p->kernel_h; row++) {
        const int8_t *from = rows[row] + column * stride_w * p->channels + at + lane;
        for (int32_t tap = 0; tap < kernel_w; tap++) {
          sum += from[tap * p->channels] * w[16 * (row * kernel_w + tap) + lane];
        }
      }
      y[column * p->channels + lane] = (int8_t)nanoc_requantize(sum, p->scales[at + lane], p->y_zero, p->low, p->high);
    }
  }
}

#endif
