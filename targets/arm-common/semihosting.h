/* What every simulated Cortex-M gives a program: semihosting, registers at a fault. */
#ifndef NANOC_SEMIHOSTING_H
#define NANOC_SEMIHOSTING_H

#include <stdint.h>

/** Semihosting (Arm IHI 0100): the debugger, here the simulator, does it. */
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

static inline uint32_t stack_pointer(void) {
  uint32_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value;
}

#endif
