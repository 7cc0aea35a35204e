/* Comparisons, logic and choice, with ONNX broadcasting. A bool is a byte, 0 or 1. */
#ifndef NANOC_LOGIC_H
#define NANOC_LOGIC_H

#include "nanoc/elementwise.h"
#include "nanoc/typed.h"

/** How a stands to b; NaN stands in none of these ways. */
#define NANOC_LESS 1
#define NANOC_EQUAL 2
#define NANOC_GREATER 4

typedef struct {
  nanoc_broadcast shape;
  int32_t type;  /* nanoc_type of a and b */
  int32_t holds; /* sum of the relations for which the result is 1 */
} nanoc_compare_params;

/** Equal, Less, LessOrEqual, Greater, GreaterOrEqual of floats, integers or bools. y may lie over an input of its own shape and element size. */
void nanoc_compare(const void *a, const void *b, uint8_t *y, const nanoc_compare_params *params);

typedef struct {
  nanoc_broadcast shape;
  int32_t table; /* bit 2 * a + b is the result */
} nanoc_logic_params;

/** And, Or, Xor of bools. */
void nanoc_logic(const uint8_t *a, const uint8_t *b, uint8_t *y, const nanoc_logic_params *params);

/** y = 1 - x. Ascending, in place or apart. */
void nanoc_not(const uint8_t *x, uint8_t *y, int32_t count);

/** How three inputs are walked; as nanoc_broadcast, steps in elements. */
typedef struct {
  int32_t rows;
  int32_t count;
  int32_t bytes; /* of an element */
  int32_t condition_step;
  int32_t x_step;
  int32_t y_step;
  int32_t size[NANOC_OUTER_DIMS];
  int32_t condition_steps[NANOC_OUTER_DIMS];
  int32_t x_steps[NANOC_OUTER_DIMS];
  int32_t y_steps[NANOC_OUTER_DIMS];
} nanoc_where_params;

/** ONNX Where: x where the condition is 1, else y. The output may lie over an input of its own shape. */
void nanoc_where(const uint8_t *condition, const void *x, const void *y, void *output, const nanoc_where_params *params);

#endif
