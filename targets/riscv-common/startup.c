/* Reset and traps of a bare-metal RISC-V core in machine mode. Symbols with two underscores come from the linker script. */
#include <stdint.h>

extern uint32_t __etext[], __data_start[], __data_end[], __bss_start[], __bss_end[];
int main(void);
void Reset_Handler(void);
void nanoc_start(void);
void nanoc_trap(void);
void nanoc_fault(const uint32_t *frame);

/** Called with mepc, mcause, mtval, ra and sp of the trap. A firmware may define its own. */
__attribute__((weak)) void nanoc_fault(const uint32_t *frame) {
  (void)frame;
  for (;;) {
  }
}

/** Every trap ends the program, so the stack starts anew: the old pointer may be what was wrong. */
__attribute__((naked, aligned(4))) void nanoc_trap(void) {
  __asm__ volatile(".option push\n .option arch, +zicsr\n mv t0, sp\n la sp, __stack\n addi sp, sp, -32\n"
                   "csrr t1, mepc\n sw t1, 0(sp)\n csrr t1, mcause\n sw t1, 4(sp)\n csrr t1, mtval\n sw t1, 8(sp)\n"
                   "sw ra, 12(sp)\n sw t0, 16(sp)\n mv a0, sp\n tail nanoc_fault\n .option pop");
}

__attribute__((noreturn)) void nanoc_start(void) {
  const uint32_t *from = __etext;
  for (uint32_t *to = __data_start; to < __data_end; to++) {
    *to = *from++;
  }
  for (uint32_t *to = __bss_start; to < __bss_end; to++) {
    *to = 0;
  }
  (void)main();
  for (;;) {
  }
}

__attribute__((naked, section(".vectors"), used)) void Reset_Handler(void) {
  __asm__ volatile(".option push\n .option norelax\n la gp, __global_pointer$\n .option pop\n"
                   ".option push\n .option arch, +zicsr\n la sp, __stack\n la t0, nanoc_trap\n csrw mtvec, t0\n tail nanoc_start\n .option pop");
}
