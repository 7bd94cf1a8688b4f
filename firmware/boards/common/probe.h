// SPDX-License-Identifier: Apache-2.0
// What code costs: time in ticks of the core clock, and stack. For programs that measure.

#ifndef EARSHOT_PROBE_H_
#define EARSHOT_PROBE_H_

#include <stdint.h>

// Makes readings rare to be disturbed: on Cortex-M it slows down the timer that interrupts a thousand
// times a second; kws_hal_clock_ms() and kws_probe_ticks_hz() are wrong from then on.
void kws_probe_start(void);

// Ticks since some time in the past; wraps around. Always 0 on the host, which has no such count.
uint32_t kws_probe_ticks(void);

// Ticks per second, 0 on the host.
uint32_t kws_probe_ticks_hz(void);

// Runs a known number of instructions, to learn how many a tick is.
//
// instructions  an even number, at least 2
void kws_probe_loop(uint32_t instructions);

// Bytes of stack that a call takes, whatever it calls included; 0 on the host.
uint32_t kws_probe_stack_bytes(int (*call)(void));

#endif  // EARSHOT_PROBE_H_
