// SPDX-License-Identifier: Apache-2.0
// From reset to main() on any Cortex-M, the millisecond clock, and a last word on a fault.

#include <string.h>

#include "cortexm.h"
#include "hal.h"
#include "uart.h"

extern uint32_t kws_stack_top;  // these four are set by sections.ld
extern uint32_t kws_data_load, kws_data_start, kws_data_end;
extern uint32_t kws_bss_start, kws_bss_end;
int main(void);

void kws_board_reset(void);
static void fault(void);
static void systick(void);

// The first 16 entries, which are the core's; Armv6-M, Armv7-M and Armv8-M number them alike.
__attribute__((section(".vectors.core"), used)) static const struct {
    uint32_t* stack_top;
    kws_vector handlers[15];
} kws_core_vectors = {
    &kws_stack_top,
    {kws_board_reset, fault, fault, fault, fault, fault, fault, 0, 0, 0, fault, fault, 0, fault, systick},
};

static volatile uint32_t clock_ms;

static void systick(void) { clock_ms = clock_ms + 1; }

uint32_t kws_hal_clock_ms(void) { return clock_ms; }

void kws_start_clock(uint32_t core_hz) {
    SYST_RVR = core_hz / 1000u - 1u;
    SYST_CVR = 0;
    SYST_CSR = 7;  // core clock, interrupt, on
}

void kws_hal_stop(void) {
    for (;;) __asm volatile("wfi");
}

void kws_hal_reset(void) {
    __asm volatile("dsb" ::: "memory");
    SCB_AIRCR = 0x05FA0004u;  // the key, and SYSRESETREQ
    kws_hal_stop();           // until it happens
}

// Kept out of kws_board_reset(): the compiler may use floating-point registers here, also to copy.
__attribute__((noinline)) static void run(void) {
    memcpy(&kws_data_start, &kws_data_load, (size_t)((char*)&kws_data_end - (char*)&kws_data_start));
    memset(&kws_bss_start, 0, (size_t)((char*)&kws_bss_end - (char*)&kws_bss_start));
    main();
    kws_hal_stop();
}

#ifdef __ARM_ARCH_6M__
#define NVIC_GROUPS 1u  // of 32 interrupts
#else
#define NVIC_GROUPS 8u
#endif

// What ran before, such as a bootloader, may have left its interrupts on, for which these vectors have no
// entry, or all masked.
static void forget_interrupts(void) {
    for (uint32_t n = 0; n < NVIC_GROUPS; ++n) NVIC_ICER(n) = 0xFFFFFFFFu;
    __asm volatile("cpsie i" ::: "memory");
}

// An Armv6-M core need not be able to move its vectors: they lie where it looks for them, or what loaded the
// program has told it.
void kws_board_reset(void) {
#ifndef __ARM_ARCH_6M__
    SCB_VTOR = (uint32_t)(uintptr_t)&kws_core_vectors;
#endif
#if defined(__ARM_FP) || defined(__ARM_FEATURE_MVE)
    SCB_CPACR = SCB_CPACR | (0xFu << 20);  // full access to coprocessors 10 and 11: FPU and MVE
#endif
    __asm volatile("dsb\n\tisb" ::: "memory");
    forget_interrupts();
    run();
}

static void say(const char* text) {
    while (*text) kws_uart_send_now((uint8_t)*text++);
}

static void say_hex(uint32_t value) {
    for (int shift = 28; shift >= 0; shift -= 4)
        kws_uart_send_now((uint8_t)"0123456789abcdef"[(value >> shift) & 15]);
}

// The pushed frame is r0-r3, r12, lr, pc, psr. Sends directly: no ring, no interrupt is to be trusted.
__attribute__((noreturn, used)) static void report_fault(const uint32_t* frame) {
    kws_uart_send_now(0);  // ends a frame that the fault cut off (docs/PROTOCOL.md); terminals show nothing
    say("\nearshot fault pc=");
    say_hex(frame[6]);
#ifndef __ARM_ARCH_6M__  // whose every fault is a hard fault, without a word why
    say(" cfsr=");
    say_hex(SCB_CFSR);
#endif
    say("\n");
    kws_hal_stop();
    __builtin_unreachable();
}

// Naked, so that the stack pointer is still that of the exception. Everything runs on the main stack. A call,
// though nothing returns: the branch of Armv6-M does not reach far.
__attribute__((naked)) static void fault(void) { __asm volatile("mov r0, sp\n\tbl report_fault"); }
