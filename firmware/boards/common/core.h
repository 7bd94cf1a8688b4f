// SPDX-License-Identifier: Apache-2.0
// The core, whichever it is: masking interrupts, waiting for one, and its stack.

#ifndef EARSHOT_CORE_H_
#define EARSHOT_CORE_H_

#include <stdint.h>

#ifdef __riscv
#include "../riscv/riscv.h"
#else
#include "cortexm.h"
#endif

// How deep the stack goes while a function runs, in bytes. Interrupts, which run on it, too, are kept out.
extern uint32_t kws_stack_top, KWS_STACK_BYTES;  // set by the linker; of the second, the address is the value

static inline uint32_t kws_stack_bytes_of(int (*call)(void)) {
    enum { PAINT = 0x5AFE57AC };
    const uint32_t mask = kws_mask_interrupts();
    volatile uint32_t* top;
    KWS_STACK_POINTER(top);
    volatile uint32_t* bottom = &kws_stack_top - (uintptr_t)&KWS_STACK_BYTES / sizeof *bottom;
    for (volatile uint32_t* word = bottom; word < top; ++word) *word = PAINT;
    call();
    volatile uint32_t* lowest = bottom;
    while (lowest < top && *lowest == PAINT) ++lowest;
    kws_restore_interrupts(mask);
    return (uint32_t)((uintptr_t)top - (uintptr_t)lowest);
}

#endif  // EARSHOT_CORE_H_
