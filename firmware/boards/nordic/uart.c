// SPDX-License-Identifier: Apache-2.0
// Registers: nRF51 Series Reference Manual 3.0, section 29 (UART); nRF52840 Product Specification 1.7,
// section 6.33. The addresses are the same.

#include "uart.h"

#include "../common/uart.h"
#include "cortexm.h"

#define UART(offset) KWS_REGISTER(0x40002000u + (offset))
#define START_RECEIVE UART(0x000u)
#define START_SEND UART(0x008u)
#define EVENT_RECEIVED UART(0x108u)
#define EVENT_SENT UART(0x11Cu)
#define EVENT_ERROR UART(0x124u)
#define INTERRUPT_SET UART(0x304u)
#define ERROR_SOURCE UART(0x480u)  // writing a bit clears it
#define ENABLE UART(0x500u)
#define SEND_PIN UART(0x50Cu)
#define RECEIVE_PIN UART(0x514u)
#define RECEIVED UART(0x518u)
#define SEND UART(0x51Cu)
#define BAUD UART(0x524u)
#define INTERRUPTS (1u << 2 | 1u << 7 | 1u << 9)  // received, sent, error
#define ERROR_OVERRUN 1u
#define MOST_BAUD 1000000u

static volatile uint32_t is_sending;

// 2^32 / 16 MHz for each baud, and the lowest 12 bits 0: 0x01D7E000 at 115,200, as the manual's table has it.
static uint32_t baud_register(uint32_t baud) {
    return (uint32_t)(((uint64_t)baud << 32) / 16000000u + 0x800u) & 0xFFFFF000u;
}

uint32_t kws_uart_nearest_baud(uint32_t baud) { return baud < MOST_BAUD ? baud : MOST_BAUD; }

int kws_uart_set_baud(uint32_t baud) {
    if (is_sending) return 0;  // until EVENT_SENT, which comes when the byte is out
    BAUD = baud_register(kws_uart_nearest_baud(baud));
    return 1;
}

void nordic_uart_on_interrupt(void) {
    if (EVENT_ERROR) {
        EVENT_ERROR = 0;
        const uint32_t source = ERROR_SOURCE;
        ERROR_SOURCE = source;
        if (source & ERROR_OVERRUN) kws_serial_overrun();
    }
    while (EVENT_RECEIVED) {
        EVENT_RECEIVED = 0;  // before the data is taken: the next byte raises it again
        kws_serial_received((uint8_t)RECEIVED);
    }
    if (EVENT_SENT) {
        EVENT_SENT = 0;
        is_sending = 0;
        kws_uart_pump();
    }
}

// One byte at a time: there is no FIFO in this direction.
void kws_uart_pump(void) {
    if (is_sending) return;
    const int32_t byte = kws_serial_next_byte();
    if (byte < 0) return;
    is_sending = 1;
    SEND = (uint32_t)byte;
}

void kws_uart_send_now(uint8_t byte) {
    while (is_sending && !EVENT_SENT) continue;
    EVENT_SENT = 0;
    is_sending = 1;
    SEND = byte;
}

void nordic_uart_init(uint32_t send_pin, uint32_t receive_pin) {
    SEND_PIN = send_pin;
    RECEIVE_PIN = receive_pin;
    BAUD = baud_register(KWS_UART_BAUD);
    ENABLE = 4u;
    EVENT_RECEIVED = EVENT_SENT = EVENT_ERROR = 0;
    INTERRUPT_SET = INTERRUPTS;
    START_SEND = 1u;
    START_RECEIVE = 1u;
    kws_enable_interrupt(NORDIC_UART_INTERRUPT);
}
