#include "nanoc/logic.h"

/* Where a row starts in the three inputs, in elements. */
typedef struct {
  int32_t index[NANOC_OUTER_DIMS];
  int32_t condition;
  int32_t x;
  int32_t y;
} where_row;

static void next_row(const nanoc_where_params *params, where_row *row) {
  for (int32_t axis = 0; axis < NANOC_OUTER_DIMS; axis++) {
    row->condition += params->condition_steps[axis];
    row->x += params->x_steps[axis];
    row->y += params->y_steps[axis];
    row->index[axis]++;
    if (row->index[axis] < params->size[axis]) {
      return;
    }
    row->condition -= params->condition_steps[axis] * params->size[axis];
    row->x -= params->x_steps[axis] * params->size[axis];
    row->y -= params->y_steps[axis] * params->size[axis];
    row->index[axis] = 0;
  }
}

void nanoc_where(const uint8_t *condition, const void *x, const void *y, void *output, const nanoc_where_params *params) {
  const int32_t bytes = params->bytes;
  uint8_t *to = output;
  where_row row = {{0, 0, 0, 0}, 0, 0, 0};
  for (int32_t r = 0; r < params->rows; r++) {
    for (int32_t i = 0; i < params->count; i++) {
      const int32_t chosen = condition[row.condition + i * params->condition_step];
      const uint8_t *from = chosen != 0 ? x : y;
      const int32_t element = chosen != 0 ? row.x + i * params->x_step : row.y + i * params->y_step;
      if (to != from + element * bytes) {
        (void)memcpy(to, from + element * bytes, (size_t)bytes);
      }
      to += bytes;
    }
    next_row(params, &row);
  }
}
