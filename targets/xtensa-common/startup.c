/*
 * Reset, register windows and traps of a bare-metal Xtensa core with windowed ABI. Symbols with two underscores come from the linker
 * script. In assembly: a C function would use the windows before they are there.
 */
#include <stdint.h>

extern uint32_t __etext[], __data_start[], __data_end[], __bss_start[], __bss_end[];
int main(void);
void nanoc_start(void);
void nanoc_fault(const uint32_t *frame);

/** Where a trap leaves epc1, exccause, excvaddr, a0 and a1; the interrupt of timer 0 keeps a2 and the number of its calls. */
uint32_t nanoc_trap_frame[5];
uint32_t nanoc_timer_area[2];

/** Called with what a trap left. A firmware may define its own. */
__attribute__((weak)) void nanoc_fault(const uint32_t *frame) {
  (void)frame;
  for (;;) {
  }
}

void nanoc_start(void) {
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

/* The reset vector is far from everything: it carries the address of what follows with it. */
__asm__(".section .reset, \"ax\"\n"
        ".global Reset_Handler\n"
        "Reset_Handler:\n"
        " j 1f\n"
        " .align 4\n"
        "0: .word nanoc_reset\n"
        "1: l32r a0, 0b\n"
        " jx a0\n"

        ".section .text.nanoc_reset, \"ax\"\n"
        " .align 4\n"
        ".type nanoc_reset, @function\n"
        "nanoc_reset:\n"
        " movi a2, nanoc_vectors\n wsr.vecbase a2\n"
        " movi a2, 0\n wsr.intenable a2\n wsr.windowbase a2\n rsync\n"
        " movi a2, 1\n wsr.windowstart a2\n rsync\n"
        " movi a2, 0x40000\n wsr.ps a2\n rsync\n" /* windows on, no exception: zero-overhead loops loop */
        " movi a2, 255\n wsr.cpenable a2\n rsync\n"
        " movi a0, 0\n movi sp, __stack\n movi a4, nanoc_start\n callx4 a4\n"
        "1: j 1b\n"
        ".size nanoc_reset, . - nanoc_reset\n");

/* The vectors of window overflow and underflow for calls by 4, 8 and 12 registers, as the architecture's manual gives them; then traps. */
__asm__(".section .vectors, \"ax\"\n"
        " .align 1024\n"
        "nanoc_vectors:\n"
        " .org 0x00\n"
        " s32e a0, a5, -16\n s32e a1, a5, -12\n s32e a2, a5, -8\n s32e a3, a5, -4\n rfwo\n"
        " .org 0x40\n"
        " l32e a0, a5, -16\n l32e a1, a5, -12\n l32e a2, a5, -8\n l32e a3, a5, -4\n rfwu\n"
        " .org 0x80\n"
        " s32e a0, a9, -16\n l32e a0, a1, -12\n s32e a1, a9, -12\n s32e a2, a9, -8\n s32e a3, a9, -4\n"
        " s32e a4, a0, -32\n s32e a5, a0, -28\n s32e a6, a0, -24\n s32e a7, a0, -20\n rfwo\n"
        " .org 0xc0\n"
        " l32e a0, a9, -16\n l32e a1, a9, -12\n l32e a2, a9, -8\n l32e a7, a1, -12\n l32e a3, a9, -4\n"
        " l32e a4, a7, -32\n l32e a5, a7, -28\n l32e a6, a7, -24\n l32e a7, a7, -20\n rfwu\n"
        " .org 0x100\n"
        " s32e a0, a13, -16\n l32e a0, a1, -12\n s32e a1, a13, -12\n s32e a2, a13, -8\n s32e a3, a13, -4\n"
        " s32e a4, a0, -48\n s32e a5, a0, -44\n s32e a6, a0, -40\n s32e a7, a0, -36\n"
        " s32e a8, a0, -32\n s32e a9, a0, -28\n s32e a10, a0, -24\n s32e a11, a0, -20\n rfwo\n"
        " .org 0x140\n"
        " l32e a0, a13, -16\n l32e a1, a13, -12\n l32e a2, a13, -8\n l32e a11, a1, -12\n l32e a3, a13, -4\n"
        " l32e a4, a11, -48\n l32e a5, a11, -44\n l32e a6, a11, -40\n l32e a7, a11, -36\n"
        " l32e a8, a11, -32\n l32e a9, a11, -28\n l32e a10, a11, -24\n l32e a11, a11, -20\n rfwu\n"
        " .org 0x300\n" /* exceptions, and interrupts of level 1 */
        " wsr.excsave1 a0\n rsr.exccause a0\n beqi a0, 4, 1f\n j nanoc_trap\n"
        "1: j nanoc_timer\n"
        " .org 0x3c0\n" /* an exception in the code above: the stack pointer was wrong */
        " wsr.excsave1 a0\n rsr.depc a0\n wsr.epc1 a0\n j nanoc_trap\n"
        " .org 0x400\n");

/* Timer 0 interrupts when CCOUNT comes to CCOMPARE0, which writing that register acknowledges. */
__asm__(".section .text.nanoc_traps, \"ax\"\n"
        " .align 4\n"
        "nanoc_timer:\n"
        " movi a0, nanoc_timer_area\n s32i a2, a0, 0\n"
        " l32i a2, a0, 4\n addi a2, a2, 1\n s32i a2, a0, 4\n"
        " rsr.ccompare0 a2\n wsr.ccompare0 a2\n esync\n"
        " l32i a2, a0, 0\n rsr.excsave1 a0\n rfe\n"
        /* Every trap ends the program, so the stack starts anew: the old pointer may be what was wrong. */
        " .align 4\n"
        "nanoc_trap:\n"
        " movi a0, nanoc_trap_frame\n s32i a1, a0, 16\n"
        " rsr.epc1 a2\n s32i a2, a0, 0\n rsr.exccause a2\n s32i a2, a0, 4\n"
        " rsr.excvaddr a2\n s32i a2, a0, 8\n rsr.excsave1 a2\n s32i a2, a0, 12\n"
        " mov a6, a0\n"
        " rsr.windowbase a2\n ssl a2\n movi a2, 1\n sll a2, a2\n wsr.windowstart a2\n rsync\n"
        " movi a2, 0x4000f\n wsr.ps a2\n rsync\n"
        " movi a0, 0\n movi sp, __stack\n movi a4, nanoc_fault\n callx4 a4\n"
        "1: j 1b\n");
