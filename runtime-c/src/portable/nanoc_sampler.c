#include "nanoc/sampler.h"

#include "nanoc/math.h"

#define ONE 16777216.0f

void nanoc_sampler_seed(nanoc_random *random, uint32_t seed) {
  random->a = seed;
  random->b = 0x9E3779B9u;
  random->c = 0x243F6A88u;
  random->counter = 1u;
  for (uint32_t i = 0u; i < 12u; i++) {
    (void)nanoc_sampler_next(random);
  }
}

uint32_t nanoc_sampler_next(nanoc_random *random) {
  const uint32_t result = random->a + random->b + random->counter;
  random->counter++;
  random->a = random->b ^ (random->b >> 9);
  random->b = random->c + (random->c << 3);
  random->c = ((random->c << 21) | (random->c >> 11)) + result;
  return result;
}

/** Unsigned integers in the order of the floats; NaN comes last, the zeros are equal. */
static uint32_t key_of(float x) {
  if (x != x) {
    return 0u;
  }
  const uint32_t bits = nanoc_bits(x + 0.0f);
  return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

static float logit_of(uint32_t key) {
  return nanoc_from_bits((key & 0x80000000u) != 0u ? key & 0x7FFFFFFFu : ~key);
}

static uint32_t best_logit(const float *logits, uint32_t count) {
  uint32_t best = 0u;
  for (uint32_t i = 1u; i < count; i++) {
    best = key_of(logits[i]) > key_of(logits[best]) ? i : best;
  }
  return best;
}

static uint32_t best_key(const uint32_t *keys, uint32_t count) {
  uint32_t best = 0u;
  for (uint32_t i = 1u; i < count; i++) {
    best = keys[i] > keys[best] ? i : best;
  }
  return best;
}

/** Keys of the logits, those of the history with their penalty. */
static void write_keys(const nanoc_sampling *how, const float *logits, uint32_t count, const uint16_t *history,
                       uint32_t history_count, uint32_t *keys) {
  for (uint32_t i = 0u; i < count; i++) {
    keys[i] = key_of(logits[i]);
  }
  if (how->repetition_penalty == 1.0f) {
    return;
  }
  for (uint32_t i = 0u; i < history_count; i++) {
    const uint32_t token = history[i];
    if (token < count) {
      const float logit = logits[token];
      keys[token] = key_of(logit > 0.0f ? logit / how->repetition_penalty : logit * how->repetition_penalty);
    }
  }
}

static uint32_t count_from(const uint32_t *keys, uint32_t count, uint32_t least) {
  uint32_t found = 0u;
  for (uint32_t i = 0u; i < count; i++) {
    found += keys[i] >= least ? 1u : 0u;
  }
  return found;
}

/** The largest number that `wanted` of the keys reach. */
static uint32_t largest_reached(const uint32_t *keys, uint32_t count, uint32_t wanted) {
  uint32_t value = 0u;
  for (uint32_t bit = 0x80000000u; bit != 0u; bit >>= 1) {
    value |= count_from(keys, count, value | bit) >= wanted ? bit : 0u;
  }
  return value;
}

/** Probabilities in place of the keys, 0 for all but the `top_k` best; of equal ones the first are taken. */
static void write_weights(const nanoc_sampling *how, uint32_t best, uint32_t *work, uint32_t count) {
  const float highest = logit_of(best);
  const uint32_t limited = how->top_k != 0u && how->top_k < count;
  const uint32_t least = limited ? largest_reached(work, count, how->top_k) : 0u;
  uint32_t equals = count;
  if (limited) {
    equals = how->top_k - (least == 0xFFFFFFFFu ? 0u : count_from(work, count, least + 1u));
  }
  for (uint32_t i = 0u; i < count; i++) {
    const uint32_t key = work[i];
    const uint32_t kept = key > least || (key == least && equals > 0u);
    equals -= (key == least && equals > 0u) ? 1u : 0u;
    const float distance = (logit_of(key) - highest) / how->temperature;
    work[i] = (kept && distance > -87.0f) ? (uint32_t)(nanoc_exp(distance) * ONE) : 0u;
  }
}

static uint64_t sum_from(const uint32_t *weights, uint32_t count, uint32_t least) {
  uint64_t sum = 0u;
  for (uint32_t i = 0u; i < count; i++) {
    sum += weights[i] >= least ? weights[i] : 0u;
  }
  return sum;
}

/** Only the largest weights whose sum reaches the share; of equal ones the first. */
static void keep_share(uint32_t *weights, uint32_t count, float share) {
  const uint32_t part = share > 0.0f ? (uint32_t)(share * 65536.0f) : 0u;
  uint64_t wanted = (sum_from(weights, count, 0u) * part + 65535u) >> 16;
  wanted = wanted == 0u ? 1u : wanted;
  uint32_t least = 0u;
  for (uint32_t bit = 0x80000000u; bit != 0u; bit >>= 1) {
    least |= sum_from(weights, count, least | bit) >= wanted ? bit : 0u;
  }
  uint64_t sum = sum_from(weights, count, least + 1u);
  for (uint32_t i = 0u; i < count; i++) {
    if (weights[i] == least && sum < wanted) {
      sum += least;
    } else if (weights[i] <= least) {
      weights[i] = 0u;
    }
  }
}

uint32_t nanoc_sampler_choose(const nanoc_sampling *how, nanoc_random *random, const float *logits, uint32_t count,
                      const uint16_t *history, uint32_t history_count, uint32_t *work) {
  const uint32_t greedy = !(how->temperature > 0.0f);
  if (greedy && how->repetition_penalty == 1.0f) {
    return best_logit(logits, count);
  }
  write_keys(how, logits, count, history, history_count, work);
  const uint32_t best = best_key(work, count);
  if (greedy) {
    return best;
  }
  write_weights(how, work[best], work, count);
  if (how->top_p < 1.0f) {
    keep_share(work, count, how->top_p);
  }
  const uint64_t total = sum_from(work, count, 0u);
  const uint64_t number = nanoc_sampler_next(random);
  /* number * total / 2^32 in two parts: the product may need more than 64 bits */
  uint64_t point = number * (total >> 32) + ((number * (total & 0xFFFFFFFFu)) >> 32);
  for (uint32_t i = 0u; i < count; i++) {
    if (point < work[i]) {
      return i;
    }
    point -= work[i];
  }
  return best;
}
