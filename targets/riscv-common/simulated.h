/* What a simulated RISC-V core gives a program: semihosting, registers at a fault, an instruction counter. */
#ifndef NANOC_SIMULATED_H
#define NANOC_SIMULATED_H

#include <stdint.h>

/** RISC-V semihosting: three instructions of four bytes in one page, which QEMU recognises; operations are Arm's. */
static inline uint32_t semihost(uint32_t operation, const void *argument) {
  register uint32_t a0 __asm__("a0") = operation;
  register const void *a1 __asm__("a1") = argument;
  __asm__ volatile(".balign 16\n .option push\n .option norvc\n slli x0, x0, 0x1f\n ebreak\n srai x0, x0, 7\n .option pop"
                   : "+r"(a0)
                   : "r"(a1)
                   : "memory");
  return a0;
}

/** Names and values of what the startup code's trap handler saved. */
static inline void print_registers(const uint32_t *frame, void (*print_word)(const char *name, uint32_t value)) {
  print_word("mepc", frame[0]);
  print_word(" mcause", frame[1]);
  print_word(" mtval", frame[2]);
  print_word(" ra", frame[3]);
  print_word(" sp", frame[4]);
}

static inline void counter_start(void) {}

/** Instructions since reset; rises while it is read. */
static inline uint64_t counter_now(void) {
  uint32_t high;
  uint32_t low;
  uint32_t again;
  do {
    __asm__ volatile(".option push\n .option arch, +zicsr\n csrr %0, minstreth\n csrr %1, minstret\n csrr %2, minstreth\n .option pop"
                     : "=&r"(high), "=&r"(low), "=&r"(again)
                     :
                     : "memory");
  } while (high != again);
  return ((uint64_t)high << 32) | low;
}

static inline void counter_stop(void) {}

static inline uint32_t stack_pointer(void) {
  uint32_t value;
  __asm__ volatile("mv %0, sp" : "=r"(value));
  return value;
}

#endif
