// SPDX-License-Identifier: Apache-2.0
// Measuring on any Cortex-M: SysTick is there and emulated on each, the cycle counter of DWT is not.

#include "probe.h"

#include "core.h"
#include "hal.h"

#define TICKS_PER_WRAP 0x1000000u  // SysTick has 24 bits
// The longest period SysTick has. Its interrupt, which counts milliseconds otherwise, then counts
// wraps, and costs a few instructions in tens of millions.
void kws_probe_start(void) {
    const uint32_t primask = kws_mask_interrupts();
    SYST_RVR = TICKS_PER_WRAP - 1;
    SYST_CVR = 0;
    kws_restore_interrupts(primask);
}

uint32_t kws_probe_ticks(void) {
    uint32_t wraps, left;
    do {
        wraps = kws_hal_clock_ms();
        left = SYST_CVR;
    } while (wraps != kws_hal_clock_ms());
    const uint32_t ticks_per_wrap = SYST_RVR + 1u;
    return wraps * ticks_per_wrap + (left ? ticks_per_wrap - left : 0u);  // it counts down
}

uint32_t kws_probe_ticks_hz(void) { return 1000u * (SYST_RVR + 1u); }

void kws_probe_loop(uint32_t instructions) {
    uint32_t rounds = instructions / 2;
    __asm volatile("1: subs %0, #1\n\tbne 1b" : "+l"(rounds)::"cc");
}

__attribute__((noinline)) uint32_t kws_probe_stack_bytes(int (*call)(void)) {
    return kws_stack_bytes_of(call);
}
