// SPDX-License-Identifier: Apache-2.0
// From reset to main() on a RISC-V core, the millisecond clock, interrupts, and a last word on a fault.

#include <string.h>

#include "hal.h"
#include "riscv.h"
#include "uart.h"

#define CAUSE_INTERRUPT (1u << 31)
#define CAUSE_TIMER (CAUSE_INTERRUPT | 7u)
#define CAUSE_EXTERNAL (CAUSE_INTERRUPT | 11u)

extern uint32_t kws_data_load, kws_data_start, kws_data_end;  // set by sections.ld
extern uint32_t kws_bss_start, kws_bss_end;
int main(void);

// First in the image: there the core begins. hil/boards/stack.py knows both names.
__attribute__((naked, used, section(".vectors.core"))) void kws_board_reset(void) {
    __asm volatile(
        ".option push\n\t.option norelax\n\tla gp, __global_pointer$\n\t.option pop\n\t"
        "la sp, kws_stack_top\n\t"
        "la t0, kws_board_trap\n\t"
        "csrw mtvec, t0\n\t"
        "j kws_board_run");
}

static volatile uint32_t clock_ms;

void kws_count_millisecond(void) { clock_ms = clock_ms + 1; }

uint32_t kws_hal_clock_ms(void) { return clock_ms; }

void kws_hal_stop(void) {
    for (;;) kws_wait_for_interrupt();
}

__attribute__((noreturn, used)) void kws_board_run(void) {
    memcpy(&kws_data_start, &kws_data_load, (size_t)((char*)&kws_data_end - (char*)&kws_data_start));
    memset(&kws_bss_start, 0, (size_t)((char*)&kws_bss_end - (char*)&kws_bss_start));
    KWS_CSR_SET(mstatus, MSTATUS_MIE);
    main();
    kws_hal_stop();
    __builtin_unreachable();
}

static void say(const char* text) {
    while (*text) kws_uart_send_now((uint8_t)*text++);
}

static void say_hex(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4)
        kws_uart_send_now((uint8_t)"0123456789abcdef"[(value >> shift) & 15]);
}

// Sends directly: no ring, no interrupt is to be trusted.
static void report_fault(uint32_t cause) {
    uint32_t pc;
    KWS_CSR_READ(mepc, pc);
    kws_uart_send_now(0);  // ends a frame that the fault cut off (docs/PROTOCOL.md); terminals show nothing
    say("\nearshot fault pc=");
    say_hex(pc);
    say(" cause=");
    say_hex(cause);
    say("\n");
    kws_hal_stop();
}

// All interrupts and faults. They do not nest: the core masks interrupts until this returns.
__attribute__((interrupt("machine"), aligned(4), used)) void kws_board_trap(void) {
    uint32_t cause;
    KWS_CSR_READ(mcause, cause);
    if (cause == CAUSE_TIMER) {
        kws_on_timer();
    } else if (cause == CAUSE_EXTERNAL) {
        kws_on_external();
    } else {
        report_fault(cause);
    }
}
