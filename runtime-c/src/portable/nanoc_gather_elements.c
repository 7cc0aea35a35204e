#include "nanoc/move.h"

#include <string.h>

void nanoc_gather_elements(const void *x, const void *indices, void *y, const nanoc_gather_elements_params *params) {
  const uint8_t *from = (const uint8_t *)x;
  uint8_t *to = (uint8_t *)y;
  int32_t at[NANOC_GATHER_RANK] = {0, 0, 0, 0, 0, 0};
  int32_t axis = 0;
  for (int32_t i = 0; axis >= 0; i++) {
    const int32_t index = nanoc_index_at(indices, i, params->index_bytes, params->size);
    (void)memcpy(to, from + index * params->step, (size_t)params->element);
    to += params->element;
    /* The next coordinates; behind the last of them no axis is left. */
    for (axis = NANOC_GATHER_RANK - 1; axis >= 0; axis--) {
      at[axis]++;
      from += params->steps[axis];
      if (at[axis] < params->sizes[axis]) {
        break;
      }
      from -= params->steps[axis] * params->sizes[axis];
      at[axis] = 0;
    }
  }
}
