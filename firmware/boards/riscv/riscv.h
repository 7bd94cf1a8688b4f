// SPDX-License-Identifier: Apache-2.0
// What boards need of a RISC-V core in machine mode (The RISC-V Instruction Set Manual, volume II,
// "Machine-Level ISA"), and how a board presents itself to startup.c.

#ifndef EARSHOT_RISCV_H_
#define EARSHOT_RISCV_H_

#include <stdint.h>

#define KWS_REGISTER(address) (*(volatile uint32_t*)(uintptr_t)(address))

#define MSTATUS_MIE (1u << 3)  // interrupts at all
#define MIE_TIMER (1u << 7)
#define MIE_EXTERNAL (1u << 11)

#define KWS_CSR_READ(name, value) __asm volatile("csrr %0, " #name : "=r"(value))
#define KWS_CSR_SET(name, bits) __asm volatile("csrs " #name ", %0" ::"r"(bits) : "memory")
#define KWS_CSR_CLEAR(name, bits) __asm volatile("csrc " #name ", %0" ::"r"(bits) : "memory")

// Masks interrupts; the returned value restores what was.
static inline uint32_t kws_mask_interrupts(void) {
    uint32_t status;
    __asm volatile("csrrci %0, mstatus, 8" : "=r"(status)::"memory");
    return status & MSTATUS_MIE;
}

static inline void kws_restore_interrupts(uint32_t mask) { KWS_CSR_SET(mstatus, mask); }

#define KWS_STACK_POINTER(to) __asm volatile("mv %0, sp" : "=r"(to))

// Sleeps until an interrupt is pending that is enabled, masked or not.
static inline void kws_wait_for_interrupt(void) { __asm volatile("wfi" ::: "memory"); }

// Counts one millisecond. A board's timer interrupt calls it.
void kws_count_millisecond(void);

// What a board provides.

extern const uint32_t kws_cycles_hz;  // how fast mcycle counts
void kws_on_timer(void);              // the timer interrupt of the core; asks for the next one
void kws_on_external(void);           // the interrupt of the devices

#endif  // EARSHOT_RISCV_H_
