// SPDX-License-Identifier: Apache-2.0
// Two lines, of which one sends: USB while a program has its port open, else the UART. Both receive.

#include "../common/uart.h"
#include "rp2.h"
#include "usb.h"

void kws_uart_pump(void) {
    if (rp2_usb_is_open()) {
        rp2_usb_pump();
    } else {
        rp2_uart_pump();
    }
}

void kws_uart_has_room(void) { rp2_usb_has_room(); }

void kws_uart_send_now(uint8_t byte) {
    if (rp2_usb_is_open() && rp2_usb_send_now(byte)) return;
    rp2_uart_send_now(byte);
}

// USB has no rate.
uint32_t kws_uart_nearest_baud(uint32_t baud) { return rp2_usb_is_open() ? 0 : rp2_uart_nearest_baud(baud); }

int kws_uart_set_baud(uint32_t baud) { return rp2_uart_set_baud(baud); }
