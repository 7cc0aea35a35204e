#include "nanoc/dsp.h"

void nanoc_widen_border_dsp(const int8_t *x, int32_t iy, int32_t ix, uint32_t *wide, int32_t zero, const nanoc_dsp_window_shape *shape) {
  const int32_t groups = shape->in_c / 4;
  const int32_t all = shape->kernel_w * groups;
  const int32_t first = ix < 0 ? -ix : 0;
  const int32_t last = shape->in_w - ix < shape->kernel_w ? shape->in_w - ix : shape->kernel_w;
  const int32_t before = first * groups;
  const int32_t inside = (last - first) * groups;
  const int32_t behind = all - before - inside;
  const int8_t *line = x + (iy * shape->in_w + ix + first) * shape->in_c;
  for (int32_t row = iy; row < iy + shape->kernel_h; row++, wide += 4 * all, line += shape->in_w * shape->in_c) {
    if (row < 0 || row >= shape->in_h || inside <= 0) {
      nanoc_dsp_fill_one(wide, zero, all);
      continue;
    }
    if (before > 0) {
      nanoc_dsp_fill_one(wide, zero, before);
    }
    nanoc_dsp_widen_one(line, wide + 4 * before, inside);
    if (behind > 0) {
      nanoc_dsp_fill_one(wide + 4 * (before + inside), zero, behind);
    }
  }
}
