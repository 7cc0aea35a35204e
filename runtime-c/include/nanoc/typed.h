/* Elements whose type is a parameter: for operators on plain integers and bools, which are no inner loops. */
#ifndef NANOC_TYPED_H
#define NANOC_TYPED_H

#include "nanoc/types.h"

/** Element types. */
typedef enum {
  NANOC_FLOAT32,
  NANOC_INT8,
  NANOC_UINT8,
  NANOC_INT16,
  NANOC_UINT16,
  NANOC_INT32,
  NANOC_UINT32,
  NANOC_INT64,
  NANOC_BOOL
} nanoc_type;

/** Element i of an integer or bool tensor, sign- or zero-extended. */
static inline int64_t nanoc_load_integer(const void *x, int32_t i, int32_t type) {
  switch (type) {
  case NANOC_INT8:
    return ((const int8_t *)x)[i];
  case NANOC_UINT8:
  case NANOC_BOOL:
    return ((const uint8_t *)x)[i];
  case NANOC_INT16:
    return ((const int16_t *)x)[i];
  case NANOC_UINT16:
    return ((const uint16_t *)x)[i];
  case NANOC_INT32:
    return ((const int32_t *)x)[i];
  case NANOC_UINT32:
    return ((const uint32_t *)x)[i];
  case NANOC_INT64:
  default:
    return ((const int64_t *)x)[i];
  }
}

#endif
