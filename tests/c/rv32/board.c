// SPDX-License-Identifier: Apache-2.0
// QEMU's RISC-V machine "virt", as far as firmware/app/bench.c needs it. Ticks are instructions.
#include <string.h>

#include "hal.h"
#include "probe.h"

#define UART (*(volatile uint8_t*)0x10000000u)
#define POWER (*(volatile uint32_t*)0x100000u)
#define POWER_OFF 0x5555u
#define PAINT 0x5AFE57ACu

extern uint32_t kws_stack_bottom[], kws_stack_top[];  // set by the linker

__asm__(
    ".section .init\n"
    ".globl _start\n"
    "_start: la sp, kws_stack_top\n"
    "call main\n"
    "1: j 1b\n");

void kws_hal_init(void) {}
void kws_hal_idle(void) {}
void kws_hal_stop(void) { POWER = POWER_OFF; }

size_t kws_hal_serial_write(const uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) UART = bytes[i];
    return count;
}

void kws_probe_start(void) {}

uint32_t kws_probe_ticks(void) {
    uint32_t ticks;
    __asm__ volatile("csrr %0, minstret" : "=r"(ticks));
    return ticks;
}

void kws_probe_loop(uint32_t instructions) {
    uint32_t rounds = instructions / 2;
    __asm__ volatile("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r"(rounds));
}

__attribute__((noinline)) uint32_t kws_probe_stack_bytes(int (*call)(void)) {
    volatile uint32_t* top;
    __asm__ volatile("mv %0, sp" : "=r"(top));
    for (volatile uint32_t* word = kws_stack_bottom; word < top; ++word) *word = PAINT;
    call();
    volatile uint32_t* lowest = kws_stack_bottom;
    while (lowest < top && *lowest == PAINT) ++lowest;
    return (uint32_t)((uintptr_t)top - (uintptr_t)lowest);
}

// Byte by byte, as in the smallest libraries; built with -fno-builtin, or they would call themselves.
void* memcpy(void* to, const void* from, size_t count) {
    for (size_t i = 0; i < count; ++i) ((uint8_t*)to)[i] = ((const uint8_t*)from)[i];
    return to;
}

void* memmove(void* to, const void* from, size_t count) {
    if ((uintptr_t)to <= (uintptr_t)from) return memcpy(to, from, count);
    for (; count > 0; --count) ((uint8_t*)to)[count - 1] = ((const uint8_t*)from)[count - 1];
    return to;
}

void* memset(void* to, int value, size_t count) {
    for (size_t i = 0; i < count; ++i) ((uint8_t*)to)[i] = (uint8_t)value;
    return to;
}

size_t strlen(const char* text) {
    size_t count = 0;
    while (text[count] != '\0') ++count;
    return count;
}
