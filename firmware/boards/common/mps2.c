// Arm MPS2 with an FPGA image that has the memory map of AN385: AN385 (Cortex-M3), AN386
// (Cortex-M4), AN500 (Cortex-M7). Addresses, interrupts: those application notes, and
// hw/arm/mps2.c of QEMU, where this was run.

#include "cmsdk_uart.h"
#include "cortexm.h"
#include "hal.h"

#define CORE_HZ 25000000u
#define UART0_BASE 0x40004000u
#define UART0_RECEIVE_INTERRUPT 0
#define UART0_SEND_INTERRUPT 1
#define FPGAIO_LED KWS_REGISTER(0x40028000u)  // bit 0 is the first user LED

KWS_BOARD_VECTORS kws_mps2_vectors[] = {
    [UART0_RECEIVE_INTERRUPT] = kws_cmsdk_uart_on_receive,
    [UART0_SEND_INTERRUPT] = kws_cmsdk_uart_on_send,
};

void kws_hal_init(void) {
    kws_start_clock(CORE_HZ);
    kws_cmsdk_uart_init(UART0_BASE, CORE_HZ, KWS_UART_BAUD, UART0_RECEIVE_INTERRUPT, UART0_SEND_INTERRUPT);
}

void kws_hal_led(int on) { FPGAIO_LED = on ? 1u : 0u; }
