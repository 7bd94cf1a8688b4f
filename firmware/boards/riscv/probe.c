// SPDX-License-Identifier: Apache-2.0
// Measuring on any RISC-V core, by its counter of cycles.

#include "probe.h"

#include "../common/core.h"

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

__attribute__((noinline)) uint32_t kws_probe_stack_bytes(int (*call)(void)) {
    return kws_stack_bytes_of(call);
}
