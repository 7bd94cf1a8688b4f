// SPDX-License-Identifier: Apache-2.0
// The HAL of Arm's MPS2 and MPS3 boards, whose FPGA images differ in addresses and clocks.
//
// A board's one C file defines MPS_CORE_HZ, MPS_PERIPHERAL_HZ, MPS_UART0, MPS_UART0_RECEIVE and
// MPS_UART0_SEND (its interrupts) and MPS_LEDS (bit 0 is the first user LED), and includes this.

#ifndef EARSHOT_MPS_H_
#define EARSHOT_MPS_H_

#include "cmsdk_uart.h"
#include "cortexm.h"
#include "hal.h"

KWS_BOARD_VECTORS kws_mps_vectors[] = {
    [MPS_UART0_RECEIVE] = kws_cmsdk_uart_on_receive,
    [MPS_UART0_SEND] = kws_cmsdk_uart_on_send,
};

void kws_hal_init(void) {
    kws_start_clock(MPS_CORE_HZ);
    kws_cmsdk_uart_init(MPS_UART0, MPS_PERIPHERAL_HZ, KWS_UART_BAUD, MPS_UART0_RECEIVE, MPS_UART0_SEND);
}

void kws_hal_led(int on) { KWS_REGISTER(MPS_LEDS) = on ? 1u : 0u; }

#endif  // EARSHOT_MPS_H_
