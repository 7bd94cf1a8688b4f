// Arm MPS3 with the FPGA image AN547: Corstone SSE-300, Cortex-M55 with FPU and MVE.
//
// The core starts in Secure state with the SAU off, so everything is Secure; addresses are the
// Secure aliases. Addresses, interrupts, clocks: AN547, and hw/arm/mps2-tz.c of QEMU, where this
// was run.

#include "cmsdk_uart.h"
#include "cortexm.h"
#include "hal.h"

#define CORE_HZ 32000000u
#define PERIPHERAL_HZ 25000000u
#define UART0_BASE 0x59303000u
#define UART0_RECEIVE_INTERRUPT 33
#define UART0_SEND_INTERRUPT 34
#define FPGAIO_LED KWS_REGISTER(0x59302000u)  // bit 0 is the first user LED

KWS_BOARD_VECTORS kws_an547_vectors[] = {
    [UART0_RECEIVE_INTERRUPT] = kws_cmsdk_uart_on_receive,
    [UART0_SEND_INTERRUPT] = kws_cmsdk_uart_on_send,
};

void kws_hal_init(void) {
    kws_start_clock(CORE_HZ);
    kws_cmsdk_uart_init(UART0_BASE, PERIPHERAL_HZ, KWS_UART_BAUD, UART0_RECEIVE_INTERRUPT,
                        UART0_SEND_INTERRUPT);
}

void kws_hal_led(int on) { FPGAIO_LED = on ? 1u : 0u; }
