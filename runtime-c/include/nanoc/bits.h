/* Length of a number in bits. */
#ifndef NANOC_BITS_H
#define NANOC_BITS_H

#include "nanoc/types.h"

/** Position of the highest bit that is set, from 1 up; 0 for 0. */
static inline uint32_t nanoc_bit_length(uint32_t x) {
#if defined(__GNUC__)
  return x == 0u ? 0u : 32u - (uint32_t)__builtin_clz(x);
#else
  uint32_t length = 0u;
  for (; x != 0u; x >>= 1u) {
    length++;
  }
  return length;
#endif
}

#endif
