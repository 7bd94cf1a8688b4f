// SPDX-License-Identifier: Apache-2.0
// RM0090 30.6.

#include "cortexm.h"
#include "stm32f4.h"
#include "uart.h"

static uint32_t usart, usart_hz;

#define STATE KWS_REGISTER(usart + 0x00u)
#define DATA KWS_REGISTER(usart + 0x04u)
#define BAUD KWS_REGISTER(usart + 0x08u)
#define CONTROL KWS_REGISTER(usart + 0x0Cu)
#define STATE_OVERRUN (1u << 3)
#define STATE_RECEIVE_FULL (1u << 5)
#define STATE_SENT (1u << 6)  // the last stop bit is out
#define STATE_SEND_EMPTY (1u << 7)
#define CONTROL_RECEIVE (1u << 2)
#define CONTROL_SEND (1u << 3)
#define CONTROL_RECEIVE_INTERRUPT (1u << 5)
#define CONTROL_SEND_INTERRUPT (1u << 7)
#define CONTROL_ON (1u << 13)

// Sixteen samples of a bit, so at least 16.
static uint32_t divider_of(uint32_t baud) {
    const uint32_t divider = (usart_hz + baud / 2) / baud;
    return divider < 16u ? 16u : divider > 0xFFFFu ? 0xFFFFu : divider;
}

uint32_t kws_uart_nearest_baud(uint32_t baud) { return usart_hz / divider_of(baud); }

int kws_uart_set_baud(uint32_t baud) {
    if (!(STATE & STATE_SENT)) return 0;
    BAUD = divider_of(baud);
    return 1;
}

void stm32f4_usart_start(uint32_t base, uint32_t bus_hz, uint32_t interrupt) {
    usart = base;
    usart_hz = bus_hz;
    BAUD = divider_of(KWS_UART_BAUD);
    const uint32_t primask = kws_mask_interrupts();
    CONTROL = CONTROL_ON | CONTROL_RECEIVE | CONTROL_SEND | CONTROL_RECEIVE_INTERRUPT;
    kws_enable_interrupt(interrupt);
    kws_restore_interrupts(primask);
}

void stm32f4_on_usart(void) {
    for (uint32_t state = STATE; state & (STATE_RECEIVE_FULL | STATE_OVERRUN); state = STATE) {
        if (state & STATE_OVERRUN) kws_serial_overrun();
        const uint8_t byte = (uint8_t)DATA;  // after STATE, this clears both flags
        if (state & STATE_RECEIVE_FULL) kws_serial_received(byte);
    }
    kws_uart_pump();
}

void kws_uart_pump(void) {
    while (STATE & STATE_SEND_EMPTY) {
        const int32_t byte = kws_serial_next_byte();
        if (byte < 0) {
            CONTROL = CONTROL & ~CONTROL_SEND_INTERRUPT;
            return;
        }
        DATA = (uint32_t)byte;
    }
    CONTROL = CONTROL | CONTROL_SEND_INTERRUPT;
}

void kws_uart_send_now(uint8_t byte) {
    while (!(STATE & STATE_SEND_EMPTY)) continue;
    DATA = byte;
}
