// SPDX-License-Identifier: Apache-2.0
// The few registers of the Cortex-M core itself that the boards need (Armv6-M, Armv7-M and Armv8-M
// architecture manuals, system control space), and how a board presents itself to startup.c.

#ifndef EARSHOT_CORTEXM_H_
#define EARSHOT_CORTEXM_H_

#include <stdint.h>

#define KWS_REGISTER(address) (*(volatile uint32_t*)(uintptr_t)(address))

#define SYST_CSR KWS_REGISTER(0xE000E010u)
#define SYST_RVR KWS_REGISTER(0xE000E014u)
#define SYST_CVR KWS_REGISTER(0xE000E018u)
#define NVIC_ISER(n) KWS_REGISTER(0xE000E100u + 4u * (n))
#define NVIC_ICER(n) KWS_REGISTER(0xE000E180u + 4u * (n))
#define SCB_VTOR KWS_REGISTER(0xE000ED08u)
#define SCB_AIRCR KWS_REGISTER(0xE000ED0Cu)
#define SCB_CFSR KWS_REGISTER(0xE000ED28u)  // not of Armv6-M
#define SCB_CPACR KWS_REGISTER(0xE000ED88u)

// One entry per interrupt of the board, from interrupt 0; only those it enables need one.
// The linker places the table behind the core's own 16 entries.
typedef void (*kws_vector)(void);
#define KWS_BOARD_VECTORS __attribute__((section(".vectors.board"), used)) const kws_vector

static inline void kws_enable_interrupt(uint32_t number) { NVIC_ISER(number / 32) = 1u << (number % 32); }

// Masks interrupts; the returned value restores what was.
static inline uint32_t kws_mask_interrupts(void) {
    uint32_t primask;
    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

static inline void kws_restore_interrupts(uint32_t primask) {
    __asm volatile("msr primask, %0\n\tisb" ::"r"(primask) : "memory");
}

#define KWS_STACK_POINTER(to) __asm volatile("mov %0, sp" : "=r"(to))

// Sleeps until an interrupt is pending, masked or not.
static inline void kws_wait_for_interrupt(void) { __asm volatile("dsb\n\twfi" ::: "memory"); }

// Starts the millisecond clock. Each board calls it from kws_hal_init().
void kws_start_clock(uint32_t core_hz);

#endif  // EARSHOT_CORTEXM_H_
