// SPDX-License-Identifier: Apache-2.0
// QEMU's RISC-V machine "virt": a 16550 UART, the timer of the core (CLINT) and the interrupt controller of
// the devices (PLIC).
//
// Addresses and interrupts: hw/riscv/virt.c of QEMU, where this was run. Registers: National Semiconductor
// PC16550D, table II; RISC-V Platform-Level Interrupt Controller Specification, "Memory Map".

#include "../riscv/riscv.h"
#include "hal.h"
#include "uart.h"

#define POWER KWS_REGISTER(0x00100000u)  // the device sifive_test
#define POWER_RESET 0x7777u
#define MTIMECMP_LOW KWS_REGISTER(0x02004000u)
#define MTIMECMP_HIGH KWS_REGISTER(0x02004004u)
#define MTIME_LOW KWS_REGISTER(0x0200BFF8u)
#define MTIME_HIGH KWS_REGISTER(0x0200BFFCu)
#define MTIME_HZ 10000000u

#define UART_INTERRUPT 10u
#define PLIC_PRIORITY(n) KWS_REGISTER(0x0C000000u + 4u * (n))
#define PLIC_ENABLE KWS_REGISTER(0x0C002000u)
#define PLIC_THRESHOLD KWS_REGISTER(0x0C200000u)
#define PLIC_CLAIM KWS_REGISTER(0x0C200004u)

#define UART_BYTE(n) (*(volatile uint8_t*)(0x10000000u + (n)))
#define UART_DATA UART_BYTE(0)
#define UART_INTERRUPTS UART_BYTE(1)
#define UART_FIFO UART_BYTE(2)
#define UART_LINE UART_BYTE(3)
#define UART_STATE UART_BYTE(5)
#define INTERRUPT_RECEIVED 1u
#define INTERRUPT_SENT 2u
#define STATE_RECEIVED 1u
#define STATE_OVERRUN 2u
#define STATE_ROOM 32u  // for FIFO_BYTES
#define FIFO_BYTES 16u

// With -icount, which counts instructions, mcycle counts nanoseconds of the emulator's time.
const uint32_t kws_cycles_hz = 1000000000u;

static uint64_t next_ms;  // when the next millisecond begins, in ticks of MTIME

// High half first to the farthest time there is: no half-written one shall interrupt.
static void ask_for_next(void) {
    next_ms += MTIME_HZ / 1000u;
    MTIMECMP_HIGH = UINT32_MAX;
    MTIMECMP_LOW = (uint32_t)next_ms;
    MTIMECMP_HIGH = (uint32_t)(next_ms >> 32);
}

static uint64_t now(void) {
    uint32_t high, low;
    do {
        high = MTIME_HIGH;
        low = MTIME_LOW;
    } while (high != MTIME_HIGH);
    return (uint64_t)high << 32 | low;
}

// Milliseconds that went by while interrupts were masked are counted, too.
void kws_on_timer(void) {
    while (next_ms <= now()) {
        kws_count_millisecond();
        ask_for_next();
    }
}

void kws_on_external(void) {
    const uint32_t interrupt = PLIC_CLAIM;
    for (uint8_t state; (state = UART_STATE) & (STATE_RECEIVED | STATE_OVERRUN);) {
        if (state & STATE_OVERRUN) kws_serial_overrun();
        if (state & STATE_RECEIVED) kws_serial_received(UART_DATA);
    }
    kws_uart_pump();
    if (interrupt) PLIC_CLAIM = interrupt;  // done with it
}

void kws_uart_pump(void) {
    while (UART_STATE & STATE_ROOM) {
        for (uint32_t room = FIFO_BYTES; room > 0; --room) {
            const int32_t byte = kws_serial_next_byte();
            if (byte < 0) {
                UART_INTERRUPTS = INTERRUPT_RECEIVED;
                return;
            }
            UART_DATA = (uint8_t)byte;
        }
    }
    UART_INTERRUPTS = INTERRUPT_RECEIVED | INTERRUPT_SENT;
}

void kws_uart_send_now(uint8_t byte) {
    while (!(UART_STATE & STATE_ROOM)) continue;
    UART_DATA = byte;
}

void kws_hal_init(void) {
    next_ms = now();
    ask_for_next();
    UART_LINE = 3u;  // eight bits
    UART_FIFO = 1u;
    UART_INTERRUPTS = INTERRUPT_RECEIVED;
    PLIC_PRIORITY(UART_INTERRUPT) = 1u;
    PLIC_ENABLE = 1u << UART_INTERRUPT;
    PLIC_THRESHOLD = 0;
    KWS_CSR_SET(mie, MIE_TIMER | MIE_EXTERNAL);
}

void kws_hal_led(int on) { (void)on; }

void kws_hal_reset(void) {
    POWER = POWER_RESET;
    kws_hal_stop();  // until it happens
}
