// SPDX-License-Identifier: Apache-2.0
// This computer counts no instructions and paints no stack: it only runs what it is given.

#include "probe.h"

void kws_probe_start(void) {}

uint32_t kws_probe_ticks(void) { return 0; }

uint32_t kws_probe_ticks_hz(void) { return 0; }

void kws_probe_loop(uint32_t instructions) { (void)instructions; }

uint32_t kws_probe_stack_bytes(int (*call)(void)) {
    call();
    return 0;
}
