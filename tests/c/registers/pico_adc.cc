// SPDX-License-Identifier: Apache-2.0
// firmware/boards/rp2/adc.c with an ADC and a DMA that are made up.

#define _Static_assert static_assert
#include "boards/rp2/adc.c"
#include "boards/rp2/dma.c"
#include "rp2_dma.h"

static uint32_t fifo_flags;
static int is_on;
static uint32_t converted;  // so far: the code of a conversion is its number, in 12 bits

extern "C" void device_hear(uint32_t count) {
    for (; count > 0 && is_on; --count) dma_take(blocks[0], (uint16_t)(converted++ & 0xFFFu));
}

extern "C" void device_overrun(void) { fifo_flags |= ADC_FIFO_FULL_SINCE; }

uint32_t device_read(uint32_t address) {
    pass_time();
    uint32_t value;
    if (dma_read(address, &value)) return value;
    if (address == ADC_CONTROL.address) return ADC_READY;
    if (address == ADC_FIFO_CONTROL.address) return fifo_flags;
    return memory[address];
}

void device_write(uint32_t address, uint32_t value) {
    if (dma_write(address, value)) return;
    memory[address] = value;
    if (address == ADC_FIFO_CONTROL.address) fifo_flags &= ~(value & ADC_FIFO_FULL_SINCE);
    if (address == ADC_CONTROL.address && (value & ADC_FREE_RUNNING)) is_on = 1;
}
