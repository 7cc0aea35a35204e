/*
 * The next token from the logits of a language model. Float operations are those of nanoc/math.h in a fixed order, sums are of integers: the
 * same tokens on every core.
 */
#ifndef NANOC_SAMPLER_H
#define NANOC_SAMPLER_H

#include "nanoc/types.h"

/** Pseudo-random numbers: sfc32 (C. Doty-Humphrey), 32-bit additions and shifts only. */
typedef struct {
  uint32_t a;
  uint32_t b;
  uint32_t c;
  uint32_t counter;
} nanoc_random;

void nanoc_sampler_seed(nanoc_random *random, uint32_t seed);
uint32_t nanoc_sampler_next(nanoc_random *random);

typedef struct {
  /* logits are divided by it; 0: always the best token, the lowest of equals */
  float temperature;
  /* only the best so many; 0: all */
  uint32_t top_k;
  /* of these the fewest that have this probability together, in steps of 2^-16; 1: all */
  float top_p;
  /* logits of tokens that were there: the positive ones divided by it, the others multiplied; 1: none */
  float repetition_penalty;
} nanoc_sampling;

/**
 * One token of `count`. Probabilities are counted in units of 2^-24 of the best one's; less is never chosen.
 *  history: tokens that the penalty is for.   work: `count` words, not touched where the best token is taken without a penalty.
 */
uint32_t nanoc_sampler_choose(const nanoc_sampling *how, nanoc_random *random, const float *logits, uint32_t count,
                      const uint16_t *history, uint32_t history_count, uint32_t *work);

#endif
