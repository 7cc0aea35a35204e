#include "nanoc/dsp_s16.h"

/* Inputs first, first + 1, ... of a window; `to` is its place beside the other pixel's. */
static void place(int16_t *to, int32_t first, const int16_t *from, int32_t count) {
  to += 2 * first - (first & 3);
  while (count > 0) {
    if ((first & 3) == 0 && count >= 4) {
      for (; count >= 4; count -= 4, first += 4, from += 4, to += 8) {
        (void)memcpy(to, from, 4 * sizeof *to);
      }
      continue;
    }
    *to = *from++;
    to += (first & 3) == 3 ? 5 : 1;
    first++;
    count--;
  }
}

/* All inputs of a window that leaves the image: what is outside is the zero point. */
static void fill(int16_t *to, int32_t inner, int32_t zero) {
  const uint32_t both = (uint32_t)(uint16_t)zero * 0x00010001u;
  for (; inner > 0; inner -= 4, to += 8) {
    (void)memcpy(to, &both, sizeof both);
    (void)memcpy(to + 2, &both, sizeof both);
  }
}

/* One window, which starts at row iy and column ix. */
static void copy_window(const nanoc_conv_dsp_s16_params *p, const int16_t *x, int32_t iy, int32_t ix, int16_t *to) {
  const int32_t row_inputs = p->kernel_w * p->in_c;
  const int32_t width = (p->kernel_w - 1) * p->dilation_w;
  const int32_t is_inside = ix >= 0 && ix + width < p->in_w;
  if (!is_inside || iy < 0 || iy + (p->kernel_h - 1) * p->dilation_h >= p->in_h) {
    fill(to, p->gemm.inner, p->x_zero);
  }
  for (int32_t ky = 0; ky < p->kernel_h; ky++) {
    const int32_t row = iy + ky * p->dilation_h;
    if (row < 0 || row >= p->in_h) {
      continue;
    }
    const int16_t *from = x + (row * p->in_w + ix) * p->in_c;
    if (is_inside && p->dilation_w == 1) {
      place(to, ky * row_inputs, from, row_inputs);
      continue;
    }
    for (int32_t kx = 0; kx < p->kernel_w; kx++) {
      const int32_t column = ix + kx * p->dilation_w;
      if (column >= 0 && column < p->in_w) {
        place(to, ky * row_inputs + kx * p->in_c, x + (row * p->in_w + column) * p->in_c, p->in_c);
      }
    }
  }
}

/* All channels of two pixels; where their number is odd, the last two of them again. */
static void multiply(const nanoc_conv_dsp_s16_params *p, const int16_t *windows, int16_t *y, const nanoc_gemm_dsp_s16_params *gemm) {
  const uint32_t *const end = p->stream + (p->out_c / 2) * (p->gemm.inner / 2 + 4);
  nanoc_gemm_dsp_s16(windows, p->stream, y, end, gemm);
  if ((p->out_c & 1) != 0) {
    nanoc_gemm_dsp_s16(windows, end, y + p->out_c - 2, end + p->gemm.inner / 2 + 4, gemm);
  }
}

void nanoc_conv_dsp_s16(const int16_t *x, int16_t *y, int16_t *scratch, const nanoc_conv_dsp_s16_params *params) {
  const nanoc_conv_dsp_s16_params *p = params;
  int32_t second = 0;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        copy_window(p, x, oy * p->stride_h - p->pad_top, ox * p->stride_w - p->pad_left, scratch + 4 * second);
        second ^= 1;
        if (second == 0) {
          multiply(p, scratch, y, &p->gemm);
          y += 2 * p->out_c;
        }
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
  if (second != 0) {
    nanoc_gemm_dsp_s16_params alone = p->gemm;
    alone.step = 0;
    multiply(p, scratch, y, &alone);
  }
}
