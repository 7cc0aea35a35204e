#include "nanoc/mve_layers.h"

/* The part of a window that lies in the image. */
typedef struct {
  int32_t rows; /* 1 or more */
  int32_t columns;
  int32_t row_step; /* elements from one row of taps to the next */
  int32_t column_step;
} view;

/* Up to sixteen channels. */
static void max16(const int8_t *x, int8_t *y, const view *v, int32_t channels) {
#if NANOC_MVE_ASSEMBLY
  int32_t rows = v->rows;
  __asm__ volatile(
      "vctp.8 %[channels]\n vmov.i8 q0, #128\n"
      "1: mov r12, %[x]\n dls lr, %[columns]\n"
      "2: vpst\n vldrbt.u8 q1, [r12]\n add r12, %[column_step]\n vmax.s8 q0, q0, q1\n le lr, 2b\n"
      " add %[x], %[row_step]\n subs %[rows], #1\n bne 1b\n"
      " vpst\n vstrbt.8 q0, [%[y]]"
      : [x] "+r"(x), [rows] "+r"(rows)
      : [y] "r"(y), [columns] "r"(v->columns), [column_step] "r"(v->column_step), [row_step] "r"(v->row_step), [channels] "r"(channels)
      : "q0", "q1", "r12", "lr", "cc", "memory");
#else
  for (int32_t c = 0; c < 16 && c < channels; c++) {
    int8_t largest = INT8_MIN;
    for (int32_t ky = 0; ky < v->rows; ky++) {
      for (int32_t kx = 0; kx < v->columns; kx++) {
        const int8_t tap = x[ky * v->row_step + kx * v->column_step + c];
        largest = tap > largest ? tap : largest;
      }
    }
    y[c] = largest;
  }
#endif
}

void nanoc_max_pool_mve_s8(const int8_t *x, int8_t *y, const nanoc_window *window) {
  const nanoc_window *w = window;
  const int32_t image_row = w->in_w * w->channels;
  view v;
  v.row_step = w->dilation_h * image_row;
  v.column_step = w->dilation_w * w->channels;
  for (int32_t batch = 0; batch < w->batches; batch++) {
    for (int32_t oy = 0; oy < w->out_h; oy++) {
      const int32_t top = oy * w->stride_h - w->pad_top;
      const nanoc_taps rows = nanoc_taps_inside(top, w->dilation_h, w->kernel_h, 0, w->in_h);
      for (int32_t ox = 0; ox < w->out_w; ox++, y += w->channels) {
        const int32_t left = ox * w->stride_w - w->pad_left;
        const nanoc_taps columns = nanoc_taps_inside(left, w->dilation_w, w->kernel_w, 0, w->in_w);
        v.rows = rows.last - rows.first;
        v.columns = columns.last - columns.first;
        if (v.rows <= 0 || v.columns <= 0) {
          nanoc_mve_fill(y, -128, w->channels);
          continue;
        }
        const int8_t *origin = x + (top + rows.first * w->dilation_h) * image_row + (left + columns.first * w->dilation_w) * w->channels;
        for (int32_t channel = 0; channel < w->channels; channel += 16) {
          max16(origin + channel, y + channel, &v, w->channels - channel);
        }
      }
    }
    x += w->in_h * image_row;
  }
}
