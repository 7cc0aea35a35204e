/* What a simulated Cortex-M gives a program: semihosting, registers at a fault, an instruction counter. NANOC_TIMER is the counter's address. */
#ifndef NANOC_SIMULATED_H
#define NANOC_SIMULATED_H

#include <stdint.h>
#include <string.h>

/** Semihosting (Arm IHI 0100): the debugger, here QEMU, does it. */
static inline uint32_t semihost(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
  return r0;
}

/** Names and values of the stacked registers (r0 r1 r2 r3 r12 lr pc psr) and of the fault registers. */
static inline void print_registers(const uint32_t *frame, void (*print_word)(const char *name, uint32_t value)) {
  print_word("pc", frame[6]);
  print_word(" lr", frame[5]);
  print_word(" psr", frame[7]);
  print_word(" r0", frame[0]);
  print_word(" r1", frame[1]);
  print_word(" r2", frame[2]);
  print_word(" r3", frame[3]);
  print_word(" r12", frame[4]);
#if !defined(__ARM_ARCH_6M__)
  print_word("\nCFSR", *(volatile uint32_t *)0xE000ED28u);
  print_word(" HFSR", *(volatile uint32_t *)0xE000ED2Cu);
  print_word(" MMFAR", *(volatile uint32_t *)0xE000ED34u);
  print_word(" BFAR", *(volatile uint32_t *)0xE000ED38u);
#endif
}

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

static inline uint32_t stack_pointer(void) {
  uint32_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value;
}

#endif
