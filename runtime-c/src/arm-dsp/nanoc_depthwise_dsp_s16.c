#include "nanoc/dsp_s16.h"
#include "nanoc/part.h"

/* Starts of a pixel of which taps lie outside the image: these are the zero point, which the starts have taken away from all taps. */
static void outside(const nanoc_depthwise_dsp_s16_params *p, const nanoc_part *v, int32_t *starts) {
  const uint32_t *w = p->weights + 4;
  for (int32_t channel = 0; channel < p->in_c; channel += 4, w += p->taps.group_bytes / 4) {
    if (channel + 4 > p->in_c) {
      channel = p->in_c - 4;
    }
    uint32_t first = 0; /* sums of two channels, 255 taps at most */
    uint32_t second = 0;
    const uint32_t *word = w;
    for (int32_t ky = 0; ky < p->kernel_h; ky++) {
      for (int32_t kx = 0; kx < p->kernel_w; kx++, word++) {
        if (!nanoc_part_has(v, ky, kx)) {
          first = nanoc_dsp_add_bytes(first, *word);
          second = nanoc_dsp_add_bytes(second, *word >> 8);
        }
      }
    }
    starts[channel] = nanoc_add_wrap(p->starts[channel], p->x_zero * (int16_t)(uint16_t)first);
    starts[channel + 1] = nanoc_add_wrap(p->starts[channel + 1], p->x_zero * (int16_t)(uint16_t)(first >> 16));
    starts[channel + 2] = nanoc_add_wrap(p->starts[channel + 2], p->x_zero * (int16_t)(uint16_t)second);
    starts[channel + 3] = nanoc_add_wrap(p->starts[channel + 3], p->x_zero * (int16_t)(uint16_t)(second >> 16));
  }
}

/* All channels of a pixel; where they are no multiple of four, the last four by themselves. */
static void all_channels(const nanoc_depthwise_dsp_s16_params *p, nanoc_taps_dsp_s16_params *taps, const int16_t *x, int16_t *y, const int32_t *starts) {
  nanoc_taps_dsp_s16(x, p->weights, y, starts, taps);
  if ((p->in_c & 3) != 0) {
    const int32_t groups = taps->groups;
    const int32_t last = p->in_c - 4;
    taps->groups = 1;
    nanoc_taps_dsp_s16(x + last, p->weights + groups * taps->group_bytes / 4, y + last, starts + last, taps);
    taps->groups = groups;
  }
}

void nanoc_depthwise_dsp_s16(const int16_t *x, int16_t *y, int32_t *scratch, const nanoc_depthwise_dsp_s16_params *params) {
  const nanoc_depthwise_dsp_s16_params *p = params;
  const int32_t bytes = 2 * p->in_c;
  /* Windows that leave the image on the left are mostly like those of the row before; so are those on the right. */
  nanoc_part kept[2] = {{{0, 0}, {-1, 0}}, {{0, 0}, {-1, 0}}};
  nanoc_taps_dsp_s16_params taps = p->taps;
  taps.step = p->dilation_w * bytes;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      const int32_t top = oy * p->stride_h - p->pad_top;
      nanoc_part v;
      v.rows = nanoc_taps_inside(top, p->dilation_h, p->kernel_h, 0, p->in_h);
      for (int32_t ox = 0; ox < p->out_w; ox++, y += p->in_c) {
        const int32_t left = ox * p->stride_w - p->pad_left;
        v.columns = nanoc_taps_inside(left, p->dilation_w, p->kernel_w, 0, p->in_w);
        const int32_t width = v.columns.last - v.columns.first;
        const int32_t height = width > 0 ? v.rows.last - v.rows.first : 0;
        const int32_t *starts = p->starts;
        if (p->x_zero != 0 && (width < p->kernel_w || height < p->kernel_h)) {
          const int32_t side = 2 * ox < p->out_w ? 0 : 1;
          if (!nanoc_part_is_same(&v, &kept[side])) {
            kept[side] = v;
            outside(p, &v, scratch + side * p->in_c);
          }
          starts = scratch + side * p->in_c;
        }
        taps.first = 4 * (v.rows.first * p->kernel_w + v.columns.first);
        taps.rows = height;
        taps.row_bytes = width * taps.step;
        taps.x_skip = p->dilation_h * p->in_w * bytes - taps.row_bytes;
        taps.w_skip = 4 * (p->kernel_w - width);
        const int32_t from = (top + v.rows.first * p->dilation_h) * p->in_w + left + v.columns.first * p->dilation_w;
        all_channels(p, &taps, height > 0 ? x + from * p->in_c : x, y, starts);
      }
    }
    x += p->in_h * p->in_w * p->in_c;
  }
}
