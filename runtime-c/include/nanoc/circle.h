/* Sine and cosine in line: what nanoc_sin and nanoc_cos have in common. */
#ifndef NANOC_CIRCLE_H
#define NANOC_CIRCLE_H

#include "nanoc/math.h"

/** 2 / pi as a binary fraction: each word begins a byte behind the one before it. */
static const uint32_t nanoc_two_over_pi[24] = {
    0x000000A2u, 0x0000A2F9u, 0x00A2F983u, 0xA2F9836Eu, 0xF9836E4Eu, 0x836E4E44u, 0x6E4E4415u, 0x4E441529u,
    0x441529FCu, 0x1529FC27u, 0x29FC2757u, 0xFC2757D1u, 0x2757D1F5u, 0x57D1F534u, 0xD1F534DDu, 0xF534DDC0u,
    0x34DDC0DBu, 0xDDC0DB62u, 0xC0DB6295u, 0xDB629599u, 0x6295993Cu, 0x95993C43u, 0x993C4390u, 0x3C439041u};

/** A size as quarters of a turn (modulo 4) and what is left, at most pi / 4 on either side. */
static inline uint32_t nanoc_quarters(float size, float *rest) {
  if (size <= 0.785398163397448f) {
    *rest = size;
    return 0;
  }
  if (size < 2.0f) {
    *rest = (size - 1.57079637050628662f) - -4.371138828673793e-8f;
    return 1;
  }
  const uint32_t word = nanoc_bits(size);
  const uint32_t *const table = nanoc_two_over_pi + ((word >> 26) & 15u);
  const uint32_t mantissa = ((word & 0x7FFFFFu) | 0x800000u) << ((word >> 23) & 7u);
  /* Three words of the product modulo four quarters, 62 bits behind the point. */
  uint64_t product = (uint64_t)(mantissa * table[0]) << 32;
  product += (uint64_t)mantissa * table[4];
  product += ((uint64_t)mantissa * table[8]) >> 32;
  const uint64_t quarter = (product + ((uint64_t)1 << 61)) >> 62;
  product -= quarter << 62;
  *rest = (float)(int32_t)(uint32_t)(product >> 30) * 3.65729529994141e-10f;
  return (uint32_t)quarter;
}

/** Sine at `ahead` quarters of a turn in front of a size that is a number. */
static inline float nanoc_sine(float size, uint32_t ahead) {
  float rest;
  const uint32_t turned = nanoc_quarters(size, &rest) + ahead;
  const float square = rest * rest;
  float y;
  if ((turned & 1u) == 0u) {
    y = (((-1.9515295891e-4f * square + 8.3321608736e-3f) * square + -1.6666654611e-1f) * square) * rest + rest;
  } else {
    y = ((((2.443315711809948e-5f * square + -1.388731625493765e-3f) * square + 4.166664568298827e-2f) * square) * square -
         square * 0.5f) +
        1.0f;
  }
  return (turned & 2u) != 0u ? -y : y;
}

#endif
