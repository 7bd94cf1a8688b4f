// SPDX-License-Identifier: Apache-2.0
// micro:bit v1 in QEMU: nRF51822 at 16 MHz, UART on P0.24 (send) and P0.25 (receive).
//
// A proof of Cortex-M0 code, for the emulator alone: QEMU's core has a SysTick, which the nRF51822 has not,
// and the board has no microphone.

#include "../nordic/uart.h"
#include "cortexm.h"
#include "hal.h"

#define CORE_HZ 16000000u
#define SEND_PIN 24u
#define RECEIVE_PIN 25u

KWS_BOARD_VECTORS kws_microbit_vectors[] = {[NORDIC_UART_INTERRUPT] = nordic_uart_on_interrupt};

void kws_hal_init(void) {
    kws_start_clock(CORE_HZ);
    nordic_uart_init(SEND_PIN, RECEIVE_PIN);
}

void kws_hal_led(int on) { (void)on; }  // a matrix of 25, which takes a timer to light
