// SPDX-License-Identifier: Apache-2.0
// The microphones of firmware/boards/nordic with an nRF52 that is made up: a PDM peripheral or a converter
// that EasyDMA writes for, PPI channels that carry its events, a counter, and memory for all other registers.
// A sample is its number.

#include "boards/nordic/nrf52.h"

#include <map>

#include "late.h"

static void hand_on(const int16_t* block);
#ifdef DEVICE_PDM
#include "boards/nordic/pdm_microphone.c"
#else
#include "boards/nordic/saadc_microphone.c"
#undef EVENT_END
#endif
#undef ENABLE
#define nrf52_block_heard hand_on
#include "boards/nordic/blocks.c"
#undef nrf52_block_heard
#include "boards/nordic/nrf52.c"

#ifdef DEVICE_PDM
enum { BASE = 0x4001D000, END = BASE + 0x108, PTR = BASE + 0x560 };
static const bool restarts_itself = true;
#else
enum { BASE = 0x40007000, END = BASE + 0x104, PTR = BASE + 0x62C };
static const bool restarts_itself = false;
#endif
enum { STARTED = BASE + 0x100, COUNT = 0x4001B008, CAPTURE = 0x4001B040, CAPTURED = 0x4001B540 };

static std::map<uint32_t, uint32_t> memory;
static uint32_t counter, target, filled, sampled;
static bool is_filling;
static int is_handed_on_raw;

static void event(uint32_t address);

static void task(uint32_t address) {
    if (address == COUNT && memory[0x4001B504] == 2 && memory[0x4001B000]) ++counter;
    if (address == BASE) {
        target = memory[PTR];
        filled = 0;
        is_filling = true;
        event(STARTED);
    }
}

static void event(uint32_t address) {
    memory[address] = 1;
    for (uint32_t channel = 0; channel < 20; ++channel) {
        if (!(memory[0x4001F504] >> channel & 1u)) continue;
        if (memory[0x4001F510 + 8 * channel] == address) task(memory[0x4001F514 + 8 * channel]);
    }
}

extern "C" void device_hear(uint32_t count) {
    for (; count > 0; --count, ++sampled) {
        if (!is_filling) continue;  // nobody takes it
        for (auto& block : blocks) {
            if ((uint32_t)(uintptr_t)block == target) block[filled] = (int16_t)(sampled % 16384u);
        }
        if (++filled < memory[PTR + 4]) continue;
        is_filling = false;
        event(END);
        if (restarts_itself) task(BASE);
    }
}

uint32_t device_read(uint32_t address) {
    pass_time();
    return memory[address];
}

void device_write(uint32_t address, uint32_t value) {
    pass_time();
    if (address == 0x40000000u) memory[0x40000100u] = value;  // the crystal starts at once
    if (address == CAPTURE) memory[CAPTURED] = counter;
    if (address == 0x4001F504u) value |= memory[address];
    memory[address] = value;
    if (address == BASE) task(address);
}

static void hand_on(const int16_t* block) {
    if (is_handed_on_raw) {
        kws_microphone_heard(block, NRF52_BLOCK_SAMPLES);
    } else {
        nrf52_block_heard(block);
    }
}

extern "C" {
uint32_t device_peek(uint32_t address) { return memory[address]; }

void device_start(void) {
    nrf52_start_clock();
#ifdef DEVICE_PDM
    nrf52_pdm_start(NRF52_PIN(0, 26), NRF52_PIN(0, 25));
#else
    nrf52_saadc_start(4);
#endif
}

// The interrupt, if it is due. Without `is_raw`, samples are made louder as on the board.
void device_interrupt(int is_raw) {
    if (!memory[STARTED] || !(memory[BASE + 0x304] & 1u)) return;
    is_handed_on_raw = is_raw;
#ifdef DEVICE_PDM
    nrf52_on_pdm();
#else
    nrf52_on_saadc();
#endif
}
}
