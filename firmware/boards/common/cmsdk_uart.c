// SPDX-License-Identifier: Apache-2.0
#include "cmsdk_uart.h"

#include "cortexm.h"
#include "uart.h"

#define STATE_SEND_FULL (1u << 0)
#define STATE_RECEIVE_FULL (1u << 1)
#define STATE_RECEIVE_OVERRUN (1u << 3)  // writing 1 clears it
#define CTRL_SEND_ENABLE (1u << 0)
#define CTRL_RECEIVE_ENABLE (1u << 1)
#define CTRL_SEND_INTERRUPT (1u << 2)
#define CTRL_RECEIVE_INTERRUPT (1u << 3)
#define INTERRUPT_SEND (1u << 0)  // writing 1 clears it
#define INTERRUPT_RECEIVE (1u << 1)

typedef struct uart_registers {
    volatile uint32_t data;
    volatile uint32_t state;
    volatile uint32_t ctrl;
    volatile uint32_t interrupt;
    volatile uint32_t baud_divider;  // at least 16
} uart_registers;

static uart_registers* uart;

// The flag is cleared before the data is taken: a byte that comes in between raises it again.
void kws_cmsdk_uart_on_receive(void) {
    uart->interrupt = INTERRUPT_RECEIVE;
    while (uart->state & STATE_RECEIVE_FULL) {
        if (uart->state & STATE_RECEIVE_OVERRUN) {
            uart->state = STATE_RECEIVE_OVERRUN;
            kws_serial_overrun();
        }
        kws_serial_received((uint8_t)uart->data);
    }
}

void kws_cmsdk_uart_on_send(void) {
    uart->interrupt = INTERRUPT_SEND;
    kws_uart_pump();
}

void kws_uart_pump(void) {
    while (!(uart->state & STATE_SEND_FULL)) {
        const int32_t byte = kws_serial_next_byte();
        if (byte < 0) return;
        uart->data = (uint32_t)byte;
    }
}

void kws_uart_send_now(uint8_t byte) {
    while (uart->state & STATE_SEND_FULL) continue;
    uart->data = byte;
}

void kws_cmsdk_uart_init(uintptr_t base, uint32_t clock_hz, uint32_t baud, uint32_t receive_interrupt,
                         uint32_t send_interrupt) {
    uart = (uart_registers*)base;
    uart->baud_divider = (clock_hz + baud / 2) / baud;
    const uint32_t primask = kws_mask_interrupts();
    uart->ctrl = CTRL_SEND_ENABLE | CTRL_RECEIVE_ENABLE | CTRL_SEND_INTERRUPT | CTRL_RECEIVE_INTERRUPT;
    kws_enable_interrupt(receive_interrupt);
    kws_enable_interrupt(send_interrupt);
    kws_cmsdk_uart_on_receive();  // a byte from before would raise no interrupt and block the next
    kws_restore_interrupts(primask);
}
