#include "nanoc/scatter.h"

void nanoc_scatter_elements(const void *data, const void *indices, const void *updates, void *y,
                            const nanoc_scatter_elements_params *params) {
  const uint8_t *update = (const uint8_t *)updates;
  int32_t at[NANOC_SCATTER_RANK] = {0, 0, 0, 0, 0, 0};
  int32_t offset = 0;
  int32_t axis = 0;
  if (y != data) {
    (void)memmove(y, data, (size_t)params->bytes);
  }
  for (int32_t i = 0; axis >= 0; i++) {
    const int32_t index = nanoc_scatter_index(indices, i, params->index_bytes, params->size);
    if (index >= 0) {
      (void)memcpy((uint8_t *)y + offset + index * params->step, update, (size_t)params->element);
    }
    update += params->element;
    /* The next coordinates; behind the last of them no axis is left. */
    for (axis = NANOC_SCATTER_RANK - 1; axis >= 0; axis--) {
      at[axis]++;
      offset += params->steps[axis];
      if (at[axis] < params->sizes[axis]) {
        break;
      }
      offset -= params->steps[axis] * params->sizes[axis];
      at[axis] = 0;
    }
  }
}
