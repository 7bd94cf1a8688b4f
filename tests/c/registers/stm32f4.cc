// SPDX-License-Identifier: Apache-2.0
// firmware/boards/stm32f4/pdm_i2s.c with an I2S and a DMA that are made up: each word goes to the buffer,
// unless the bus stalls, when the next is lost and all behind it, until somebody reads the data and then the
// state.

#include <map>

#include "late.h"

#define KWS_CORE_HZ 168000000u
#include "boards/stm32f4/pdm_i2s.c"
#undef CONTROL_ON
#include "boards/stm32f4/clock.c"

static std::map<uint32_t, uint32_t> memory;
static uint32_t received;  // so far: a word is its number, unless the test hands over others
static int is_stalled, is_unread, is_overrun;

static void write_word(uint16_t word) {
    const uint32_t at = 2 * HALF_WORDS - memory[DMA_LEFT.address];
    words[at / HALF_WORDS][at % HALF_WORDS] = word;
    if (--memory[DMA_LEFT.address] == HALF_WORDS) memory[DMA_FLAGS.address] |= FLAG_HALF;
    if (memory[DMA_LEFT.address] > 0) return;
    memory[DMA_FLAGS.address] |= FLAG_HALF << 1;
    memory[DMA_LEFT.address] = 2 * HALF_WORDS;
}

static void receive(uint16_t word) {
    if (!(memory[I2S_CONFIG.address] & CONFIG_ON) || !(memory[DMA_CONTROL.address] & 1u)) return;
    if (is_overrun) return;
    if (!is_stalled) {
        write_word(word);
    } else if (is_unread) {
        is_overrun = 1;
    } else {
        is_unread = 1;
    }
}

extern "C" void device_hear(uint32_t count) {
    for (; count > 0; --count) receive((uint16_t)received++);
}

extern "C" void device_receive_words(const uint16_t* from, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) receive(from[i]);
}

extern "C" void device_stall(int on) {
    if (is_stalled && !on && is_unread && !is_overrun) {
        write_word((uint16_t)(received - 1));
        is_unread = 0;
    }
    is_stalled = on;
}

uint32_t device_read(uint32_t address) {
    pass_time();
    if (address == 0x40023800u)
        return 0x0A000002u | memory[address];  // oscillators and PLLs are ready at once
    if (address == I2S_DATA.address) is_unread = 0;
    if (address == I2S_STATE.address) {
        const uint32_t state = is_overrun ? STATE_OVERRUN : 0u;
        if (!is_unread) is_overrun = 0;
        return state;
    }
    return memory[address];
}

void device_write(uint32_t address, uint32_t value) {
    pass_time();
    if (address == DMA_CLEAR.address) {
        memory[DMA_FLAGS.address] &= ~value;
    } else {
        memory[address] = value;
    }
}

extern "C" {
uint32_t device_peek(uint32_t address) { return memory[address]; }
void device_start(void) { stm32f4_pdm_start(); }
void device_interrupt(void) {
    if (memory[DMA_FLAGS.address]) stm32f4_on_pdm_dma();
    if (is_overrun) stm32f4_on_pdm_error();
}
// What the main loop would take, as it came.
size_t device_words(int16_t* to, size_t capacity) { return kws_microphone_take(to, capacity); }
uint32_t device_words_lost(void) { return kws_microphone_lost(); }
}
