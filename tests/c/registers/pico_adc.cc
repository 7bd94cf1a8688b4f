// SPDX-License-Identifier: Apache-2.0
// firmware/boards/pico/adc.c with an ADC and a DMA that are made up: a conversion goes to the block of the
// channel whose turn it is, a full block starts the other channel.

#define _Static_assert static_assert
#include "boards/pico/adc.c"
#include "late.h"

static uint32_t turn, filled, done, control_register[2], fifo_flags;
static int is_on;
static uint32_t converted;  // so far: the code of a conversion is its number, in 12 bits

extern "C" void device_hear(uint32_t count) {
    for (; count > 0 && is_on; --count) {
        blocks[turn][filled++] = (uint16_t)(converted++ & 0xFFFu);
        if (filled < BLOCK_SAMPLES) continue;
        filled = 0;
        done |= 1u << turn;
        turn ^= 1u;
    }
}

extern "C" void device_overrun(void) { fifo_flags |= ADC_FIFO_FULL_SINCE; }

uint32_t device_read(uint32_t address) {
    pass_time();
    if (address == DMA_DONE.address) return done;
    if (address == DMA_CONTROL(0).address) return control_register[0] | (is_on && turn == 0 ? DMA_BUSY : 0);
    if (address == DMA_CONTROL(1).address) return control_register[1] | (is_on && turn == 1 ? DMA_BUSY : 0);
    if (address == ADC_CONTROL.address) return ADC_READY;
    if (address == ADC_FIFO_CONTROL.address) return fifo_flags;
    return 0;
}

void device_write(uint32_t address, uint32_t value) {
    if (address == DMA_DONE.address) done &= ~value;
    if (address == ADC_FIFO_CONTROL.address) fifo_flags &= ~(value & ADC_FIFO_FULL_SINCE);
    if (address == DMA_CONTROL_AND_START(0).address) control_register[0] = value;
    if (address == DMA_CONTROL(1).address) control_register[1] = value;
    if (address == ADC_CONTROL.address && (value & ADC_FREE_RUNNING)) is_on = 1;
}

extern "C" uint32_t device_control(uint32_t channel) { return control_register[channel]; }
extern "C" void device_interrupt(void) {
    if (done) rp2040_on_dma();
}
extern "C" void device_start(void) { rp2040_adc_start(); }
