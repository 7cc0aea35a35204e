#include "nanoc/resize.h"

#include <string.h>

void nanoc_resize_nearest(const void *x, void *y, const nanoc_resize_nearest_params *params) {
  const nanoc_resize_nearest_params *p = params;
  const uint8_t *image = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  for (int32_t batch = 0; batch < p->batches; batch++) {
    for (int32_t oy = 0; oy < p->out_h; oy++) {
      const uint8_t *row = image + p->rows[oy] * p->in_w * p->pixel;
      for (int32_t ox = 0; ox < p->out_w; ox++) {
        memmove(to, row + p->columns[ox] * p->pixel, (size_t)p->pixel);
        to += p->pixel;
      }
    }
    image += p->in_h * p->in_w * p->pixel;
  }
}
