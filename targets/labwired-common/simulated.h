/* What a program asks of a simulator that has no semihosting: the same operations, through three words of memory which a driver on the
   computer reads and writes (targets/labwired-common/driver.py). There is no counter of instructions. */
#ifndef NANOC_SIMULATED_H
#define NANOC_SIMULATED_H

#include <stdint.h>
#include <string.h>

/** Operation (0: answered), address of its argument, result. */
extern volatile uint32_t nanoc_mailbox[3];
volatile uint32_t nanoc_mailbox[3];

/** Operations and arguments are those of Arm semihosting (IHI 0100). */
static inline uint32_t semihost(uint32_t operation, const void *argument) {
  __asm__ volatile("" ::: "memory");
  nanoc_mailbox[1] = (uint32_t)(uintptr_t)argument;
  nanoc_mailbox[0] = operation;
  while (nanoc_mailbox[0] != 0u) {
  }
  __asm__ volatile("" ::: "memory");
  return nanoc_mailbox[2];
}

#if defined(__riscv)
/** Names and values of what the startup code's trap handler saved. */
static inline void print_registers(const uint32_t *frame, void (*print_word)(const char *name, uint32_t value)) {
  print_word("mepc", frame[0]);
  print_word(" mcause", frame[1]);
  print_word(" mtval", frame[2]);
  print_word(" ra", frame[3]);
  print_word(" sp", frame[4]);
}

static inline uint32_t stack_pointer(void) {
  uint32_t value;
  __asm__ volatile("mv %0, sp" : "=r"(value));
  return value;
}
#elif defined(__XTENSA__)
/** Names and values of what the startup code's trap handler saved. */
static inline void print_registers(const uint32_t *frame, void (*print_word)(const char *name, uint32_t value)) {
  print_word("epc1", frame[0]);
  print_word(" exccause", frame[1]);
  print_word(" excvaddr", frame[2]);
  print_word(" a0", frame[3]);
  print_word(" sp", frame[4]);
}

/** The 16 bytes below a stack pointer belong to the caller's caller: its registers go there when the windows run out. */
static inline uint32_t stack_pointer(void) {
  uint32_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value - 16u;
}
#else
/** Names and values of the stacked registers (r0 r1 r2 r3 r12 lr pc psr). */
static inline void print_registers(const uint32_t *frame, void (*print_word)(const char *name, uint32_t value)) {
  print_word("pc", frame[6]);
  print_word(" lr", frame[5]);
  print_word(" psr", frame[7]);
  print_word(" r0", frame[0]);
  print_word(" r1", frame[1]);
  print_word(" r2", frame[2]);
  print_word(" r3", frame[3]);
  print_word(" r12", frame[4]);
}

static inline uint32_t stack_pointer(void) {
  uint32_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value;
}
#endif

static inline void counter_start(void) {}
static inline void counter_stop(void) {}

/** Not a count: it rises with every reading, which ends the harness's wait for an edge. */
static inline uint64_t counter_now(void) {
  static uint32_t readings;
  readings++;
  return readings;
}

#endif
