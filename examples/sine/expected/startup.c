/* Reset, vector table and faults of a bare-metal Cortex-M. Symbols with two underscores come from the linker script. */
#include <stdint.h>

extern uint32_t __etext[], __data_start[], __data_end[], __bss_start[], __bss_end[], __stack[];
int main(void);
void Reset_Handler(void);
void Default_Handler(void);
void nanoc_fault(const uint32_t *frame);

/** Called with the stacked registers (r0 r1 r2 r3 r12 lr pc psr). A firmware may define its own. */
__attribute__((weak)) void nanoc_fault(const uint32_t *frame) {
  (void)frame;
  for (;;) {
  }
}

__attribute__((noreturn)) void Reset_Handler(void) {
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
  *(volatile uint32_t *)0xE000ED88u |= 0xFu << 20; /* CPACR: before the first FPU or MVE instruction */
  __asm volatile("dsb\n isb" ::: "memory");
#endif
#if defined(__ARM_FEATURE_MVE)
  *(volatile uint32_t *)0xE000ED14u |= 1u << 19; /* CCR.LOB: low-overhead loops */
  __asm volatile("dsb\n isb" ::: "memory");
#endif
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

__attribute__((naked)) void Default_Handler(void) { __asm volatile("mov r0, sp\n ldr r1, =nanoc_fault\n bx r1\n .ltorg"); }

typedef void (*handler)(void);
/* The first entry is the initial stack pointer; the casts are what the architecture asks for. */
__attribute__((section(".vectors"), used)) static const handler vectors[16] = {
    (handler)(uintptr_t)__stack, Reset_Handler,   Default_Handler, Default_Handler,
    Default_Handler,             Default_Handler, Default_Handler, Default_Handler,
    0,                           0,               0,               Default_Handler,
    Default_Handler,             0,               Default_Handler, Default_Handler,
};
