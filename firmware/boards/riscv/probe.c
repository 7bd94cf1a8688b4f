// SPDX-License-Identifier: Apache-2.0
// Measuring on any RISC-V core, by its counter of cycles.

#include "probe.h"

#include "riscv.h"

#define PAINT 0x5AFE57ACu

extern uint32_t kws_stack_top, KWS_STACK_BYTES;  // set by the linker; of the second, the address is the value

void kws_probe_start(void) { KWS_CSR_CLEAR(mie, MIE_TIMER); }

uint32_t kws_probe_ticks(void) {
    uint32_t cycles;
    KWS_CSR_READ(mcycle, cycles);
    return cycles;
}

uint32_t kws_probe_ticks_hz(void) { return kws_cycles_hz; }

void kws_probe_loop(uint32_t instructions) {
    uint32_t rounds = instructions / 2;
    __asm volatile("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r"(rounds));
}

// Interrupts, which run on the same stack, are kept out.
__attribute__((noinline)) uint32_t kws_probe_stack_bytes(int (*call)(void)) {
    const uint32_t mask = kws_mask_interrupts();
    volatile uint32_t* top;
    __asm volatile("mv %0, sp" : "=r"(top));
    volatile uint32_t* bottom = &kws_stack_top - (uintptr_t)&KWS_STACK_BYTES / sizeof *bottom;
    for (volatile uint32_t* word = bottom; word < top; ++word) *word = PAINT;
    call();
    volatile uint32_t* lowest = bottom;
    while (lowest < top && *lowest == PAINT) ++lowest;
    kws_restore_interrupts(mask);
    return (uint32_t)((uintptr_t)top - (uintptr_t)lowest);
}
