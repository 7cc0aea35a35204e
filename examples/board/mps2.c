/*
 * Arm's MPS2 boards with Cortex-M3, M4 and M7 (AN385, AN386, AN500), and QEMU's models of them: UART0 is the serial line.
 * Registers: Cortex-M System Design Kit Technical Reference Manual (DDI 0479), "APB UART".
 */
#include "board.h"

typedef struct {
  volatile uint32_t data;
  volatile uint32_t state;
  volatile uint32_t control;
  volatile uint32_t interrupt;
  volatile uint32_t baud_divider;
} cmsdk_uart;

#define UART0 ((cmsdk_uart *)0x40004000u)
#define UART_STATE_TX_FULL 1u
#define UART_STATE_RX_FULL 2u
#define UART_CONTROL_TX_ENABLE 1u
#define UART_CONTROL_RX_ENABLE 2u

#define CLOCK_HZ 25000000u
#define BAUD 115200u

void board_init(void) {
  UART0->baud_divider = CLOCK_HZ / BAUD;
  UART0->control = UART_CONTROL_TX_ENABLE | UART_CONTROL_RX_ENABLE;
}

void board_put(char character) {
  while ((UART0->state & UART_STATE_TX_FULL) != 0u) {
  }
  UART0->data = (uint8_t)character;
}

char board_get(void) {
  while ((UART0->state & UART_STATE_RX_FULL) == 0u) {
  }
  return (char)(uint8_t)UART0->data;
}

/* Semihosting call SYS_EXIT_EXTENDED with ADP_Stopped_ApplicationExit; without a debugger or QEMU it is a fault. */
void board_exit(uint32_t code) {
  const uint32_t block[2] = {0x20026u, code};
  register uint32_t operation __asm("r0") = 0x20u;
  register const uint32_t *parameter __asm("r1") = block;
  __asm volatile("bkpt 0xAB" : : "r"(operation), "r"(parameter) : "memory");
  for (;;) {
  }
}
