// SPDX-License-Identifier: Apache-2.0
// Two channels of an RP2040's DMA, made up: what comes goes to the block of the channel whose turn it is, and
// a full block starts the other channel. A driver includes firmware/boards/rp2/dma.c before this.

#ifndef EARSHOT_TESTS_RP2_DMA_H_
#define EARSHOT_TESTS_RP2_DMA_H_

#include <map>

#include "late.h"

static std::map<uint32_t, uint32_t> memory;
static uint32_t turn, filled, done;
static bool is_transferring;

// Half-words of `blocks`, as the channels were told to write them.
static void dma_take(volatile uint16_t* blocks, uint16_t value) {
    const uint32_t count = memory[DMA_COUNT(turn).address];
    const uint32_t first = memory[DMA_WRITE(0).address];
    blocks[(memory[DMA_WRITE(turn).address] - first) / 2 + filled++] = value;
    if (filled < count) return;
    filled = 0;
    done |= 1u << turn;
    turn = memory[DMA_CONTROL(turn).address] >> RP2_DMA_CHAIN_SHIFT & 15u;
}

static bool dma_read(uint32_t address, uint32_t* value) {
    if (address == DMA_DONE.address) {
        *value = done;
        return true;
    }
    for (uint32_t channel = 0; channel < 2; ++channel) {
        if (address != DMA_CONTROL(channel).address) continue;
        *value = memory[address] | (is_transferring && turn == channel ? RP2_DMA_BUSY : 0);
        return true;
    }
    return false;
}

static bool dma_write(uint32_t address, uint32_t value) {
    if (address == DMA_DONE.address) {
        done &= ~value;
        return true;
    }
    if (address == DMA_CONTROL_AND_START(0).address) {
        memory[DMA_CONTROL(0).address] = value;
        is_transferring = true;
        return true;
    }
    return false;
}

extern "C" uint32_t device_control(uint32_t channel) { return memory[DMA_CONTROL(channel).address]; }
extern "C" uint32_t device_peek(uint32_t address) { return memory[address]; }
extern "C" void device_interrupt(void) {
    if (done & memory[DMA_ENABLE.address]) rp2_on_dma();
}
extern "C" void device_start(void) { rp2_microphone_start(); }

#endif  // EARSHOT_TESTS_RP2_DMA_H_
