/* Weights of a few bits in packed arrays. */
#ifndef NANOC_NBITS_H
#define NANOC_NBITS_H

#include <stddef.h>
#include <stdint.h>

/** Field i of a packed array. */
static inline int32_t nanoc_field(const uint8_t *bytes, int32_t i, int32_t bits) {
  const uint32_t position = (uint32_t)(i * bits);
  return (int32_t)(((uint32_t)bytes[position >> 3] >> (position & 7u)) & ((1u << bits) - 1u));
}

#endif
