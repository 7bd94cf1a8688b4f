// SPDX-License-Identifier: Apache-2.0
// UART0, Arm's PL011, on GPIO0 and GPIO1 (RP2040 Datasheet, 4.2.8; RP2350 Datasheet, 12.1.8).

#include "../common/uart.h"

#include "rp2.h"

#define UART(offset) KWS_REGISTER(RP2_UART0 + (offset))
#define UART_DATA UART(0x00u)  // what is received comes with flags of its errors
#define UART_FLAGS UART(0x18u)
#define UART_BAUD_INTEGER UART(0x24u)
#define UART_BAUD_FRACTION UART(0x28u)
#define UART_LINE UART(0x2Cu)
#define UART_CONTROL UART(0x30u)
#define UART_INTERRUPTS UART(0x38u)
#define UART_CLEAR UART(0x44u)
#define DATA_OVERRUN (1u << 11)
#define FLAG_BUSY (1u << 3)  // until the last stop bit is out
#define FLAG_RECEIVE_EMPTY (1u << 4)
#define FLAG_SEND_FULL (1u << 5)
#define INTERRUPT_RECEIVE (1u << 4)
#define INTERRUPT_SEND (1u << 5)
#define INTERRUPT_TIMEOUT (1u << 6)  // bytes wait, and for the length of four no other came

// In 64ths; the whole part of the smallest is 1.
static uint32_t divider_of(uint32_t baud) {
    const uint32_t divider = (KWS_CORE_HZ * 4u + baud / 2) / baud;
    return divider < 64u ? 64u : divider > 0x3FFFFFu ? 0x3FFFFFu : divider;
}

static void set_rate(uint32_t baud) {
    const uint32_t divider = divider_of(baud);
    UART_CONTROL = 0;  // the manual of the PL011 (Arm DDI 0183) wants it off meanwhile
    UART_BAUD_INTEGER = divider >> 6;
    UART_BAUD_FRACTION = divider & 63u;
    UART_LINE = 3u << 5 | 1u << 4;               // eight bits, FIFOs; this write takes the dividers in
    UART_CONTROL = 1u << 9 | 1u << 8 | 1u << 0;  // receive, send, on
}

uint32_t rp2_uart_nearest_baud(uint32_t baud) { return KWS_CORE_HZ * 4u / divider_of(baud); }

int rp2_uart_set_baud(uint32_t baud) {
    if (UART_FLAGS & FLAG_BUSY) return 0;
    set_rate(baud);
    return 1;
}

void rp2_uart_start(uint32_t baud) {
    const uint32_t send_pin = 0, receive_pin = 1;
    rp2_function(send_pin, RP2_FUNCTION_UART, RP2_PAD_DIGITAL);
    rp2_function(receive_pin, RP2_FUNCTION_UART, RP2_PAD_DIGITAL | RP2_PAD_PULLED_UP);
    set_rate(baud);
    const uint32_t primask = kws_mask_interrupts();
    UART_INTERRUPTS = INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT;
    kws_enable_interrupt(RP2_UART0_INTERRUPT);
    kws_restore_interrupts(primask);
}

void rp2_on_uart(void) {
    UART_CLEAR = INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT;
    UART_INTERRUPTS = INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT;  // another line may send what comes next
    while (!(UART_FLAGS & FLAG_RECEIVE_EMPTY)) {
        const uint32_t data = UART_DATA;
        if (data & DATA_OVERRUN) kws_serial_overrun();
        kws_serial_received((uint8_t)data);
    }
    kws_uart_pump();
}

void rp2_uart_pump(void) {
    while (!(UART_FLAGS & FLAG_SEND_FULL)) {
        const int32_t byte = kws_serial_next_byte();
        if (byte < 0) {
            UART_INTERRUPTS = INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT;
            return;
        }
        UART_DATA = (uint32_t)byte;
    }
    UART_INTERRUPTS = INTERRUPT_RECEIVE | INTERRUPT_TIMEOUT | INTERRUPT_SEND;
}

void rp2_uart_send_now(uint8_t byte) {
    while (UART_FLAGS & FLAG_SEND_FULL) continue;
    UART_DATA = byte;
}
