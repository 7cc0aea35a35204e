/* What a simulated Xtensa core gives a program: the simulator's calls, registers at a trap, an instruction counter. */
#ifndef NANOC_SIMULATED_H
#define NANOC_SIMULATED_H

#include <stdint.h>

extern uint32_t nanoc_timer_area[2];

/** A call of QEMU's `sim` machine (the instruction `simcall`): open, read, write as on Linux, or the program's end. */
static inline int32_t simcall(int32_t number, uint32_t first, uint32_t second, uint32_t third) {
  register int32_t a2 __asm__("a2") = number;
  register uint32_t a3 __asm__("a3") = first;
  register uint32_t a4 __asm__("a4") = second;
  register uint32_t a5 __asm__("a5") = third;
  __asm__ volatile(".byte 0x00, 0x51, 0x00" : "+r"(a2), "+r"(a3) : "r"(a4), "r"(a5) : "memory");
  return a2;
}

static inline uint32_t text_length(const char *text) {
  uint32_t length = 0;
  while (text[length] != '\0') {
    length++;
  }
  return length;
}

/** The operations of Arm's semihosting that the test harness uses, by these calls. */
static inline uint32_t semihost(uint32_t operation, const void *argument) {
  enum { EXIT = 1, READ = 3, WRITE = 4, OPEN = 5, CREATE_AND_WRITE = 0x241, ANYBODY_READS = 0x1A4 };
  const uint32_t *const words = (const uint32_t *)argument;
  switch (operation) {
    case 0x01u: /* open: name, mode (1 reads, 5 writes) */
      return (uint32_t)simcall(OPEN, words[0], words[1] == 1u ? 0u : (uint32_t)CREATE_AND_WRITE, (uint32_t)ANYBODY_READS);
    case 0x04u: /* write a text to the console */
      return (uint32_t)simcall(WRITE, 1u, (uint32_t)(uintptr_t)argument, text_length((const char *)argument));
    case 0x05u: /* write: handle, data, bytes; the result is what is left */
      return words[2] - (uint32_t)simcall(WRITE, words[0], words[1], words[2]);
    case 0x06u: /* read */
      return words[2] - (uint32_t)simcall(READ, words[0], words[1], words[2]);
    default: /* exit; 0x20026 is a good one */
      return (uint32_t)simcall(EXIT, (uint32_t)(uintptr_t)argument == 0x20026u ? 0u : 1u, 0u, 0u);
  }
}

/** Names and values of what the startup code's trap handler saved. Bits 31 and 30 of a0 are the size of the call's window. */
static inline void print_registers(const uint32_t *frame, void (*print_word)(const char *name, uint32_t value)) {
  print_word("epc1", frame[0]);
  print_word(" exccause", frame[1]);
  print_word(" excvaddr", frame[2]);
  print_word(" a0", frame[3]);
  print_word(" sp", frame[4]);
}

/* The interrupt of timer 0, of level 1 on this core as on Espressif's. */
#define NANOC_TIMER_INTERRUPT 0x40u

/** CCOUNT has 32 bits: timer 0 counts how often it passes 0. */
static inline void counter_start(void) {
  const uint32_t zero = 0u;
  const uint32_t enabled = NANOC_TIMER_INTERRUPT;
  __asm__ volatile("wsr.ccompare0 %0\n esync\n wsr.intenable %1\n rsync" ::"r"(zero), "r"(enabled) : "memory");
}

static inline uint64_t counter_now(void) {
  volatile const uint32_t *const wraps = &nanoc_timer_area[1];
  uint32_t before;
  uint32_t count;
  uint32_t waiting;
  do {
    before = *wraps;
    __asm__ volatile("rsr.ccount %0\n rsr.interrupt %1" : "=r"(count), "=r"(waiting)::"memory");
  } while (before != *wraps || (waiting & NANOC_TIMER_INTERRUPT) != 0u);
  return ((uint64_t)before << 32) | count;
}

static inline void counter_stop(void) {
  const uint32_t none = 0u;
  __asm__ volatile("wsr.intenable %0\n rsync" ::"r"(none) : "memory");
}

/** The 16 bytes below a stack pointer belong to the caller's caller: its registers go there when the windows run out. */
static inline uint32_t stack_pointer(void) {
  uint32_t value;
  __asm__ volatile("mov %0, sp" : "=r"(value));
  return value - 16u;
}

#endif
