// Arm MPS2 with the FPGA image AN505: IoT Kit with Cortex-M33, FPU and DSP extension.
//
// The core starts in Secure state with the SAU off, so everything is Secure; addresses are the
// Secure aliases. Addresses, interrupts, clock: AN505, and hw/arm/mps2-tz.c of QEMU, where this
// was run.

#include "cmsdk_uart.h"
#include "cortexm.h"
#include "hal.h"

#define CORE_HZ 20000000u  // of the buses, too
#define UART0_BASE 0x50200000u
#define UART0_RECEIVE_INTERRUPT 32
#define UART0_SEND_INTERRUPT 33
#define FPGAIO_LED KWS_REGISTER(0x50302000u)  // bit 0 is the first user LED

KWS_BOARD_VECTORS kws_an505_vectors[] = {
    [UART0_RECEIVE_INTERRUPT] = kws_cmsdk_uart_on_receive,
    [UART0_SEND_INTERRUPT] = kws_cmsdk_uart_on_send,
};

void kws_hal_init(void) {
    kws_start_clock(CORE_HZ);
    kws_cmsdk_uart_init(UART0_BASE, CORE_HZ, KWS_UART_BAUD, UART0_RECEIVE_INTERRUPT, UART0_SEND_INTERRUPT);
}

void kws_hal_led(int on) { FPGAIO_LED = on ? 1u : 0u; }
