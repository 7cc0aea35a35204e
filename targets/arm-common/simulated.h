/* A Cortex-M in QEMU: semihosting, and an instruction counter. NANOC_TIMER is the counter's address. */
#ifndef NANOC_SIMULATED_H
#define NANOC_SIMULATED_H

#include <string.h>

#include "semihosting.h"

static volatile uint32_t *const timer = (volatile uint32_t *)NANOC_TIMER;
#if defined(NANOC_SYSTICK)
/* SysTick has 24 bits: its exception counts the rest, through a vector table in RAM. */
static volatile uint32_t wraps;
static uint32_t vectors[32] __attribute__((aligned(128)));

static void systick(void) { wraps++; }

static inline void counter_start(void) {
  volatile uint32_t *const vtor = (volatile uint32_t *)0xE000ED08u;
  memcpy(vectors, (const void *)(uintptr_t)*vtor, 16u * sizeof vectors[0]);
  vectors[15] = (uint32_t)(uintptr_t)systick;
  *vtor = (uint32_t)(uintptr_t)vectors;
  __asm__ volatile("dsb\n isb" ::: "memory");
  timer[0] = 0u;
  timer[1] = 0xFFFFFFu;
  timer[2] = 0u;
  timer[0] = 7u;
  (void)timer[2]; /* QEMU 7.2: the first reading is wrong. */
}

static inline uint64_t counter_now(void) {
  uint32_t before;
  uint32_t value;
  do {
    before = wraps;
    value = timer[2];
  } while (before != wraps);
  return ((uint64_t)before << 24) + (0xFFFFFFu - value);
}
#else
static inline void counter_start(void) {
  timer[0] = 0u;
  timer[2] = 0xFFFFFFFFu;
  timer[1] = 0xFFFFFFFFu;
  timer[0] = 1u;
  (void)timer[1];
}

/** Rises by one a tick; 32 bits last for more than 10^11 instructions. */
static inline uint64_t counter_now(void) { return 0xFFFFFFFFu - timer[1]; }
#endif

/** No exception of the counter uses the stack afterwards. */
static inline void counter_stop(void) { timer[0] = 0u; }

#endif
