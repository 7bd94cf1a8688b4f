// SPDX-License-Identifier: Apache-2.0
// firmware/boards/rp2/pdm_pio.c with a PIO, a DMA and a microphone that are made up. The PIO runs what the
// driver wrote: IN from a pin, MOV, side-set, autopush, as RP2040 Datasheet 3.4 and 3.5 have them. The
// microphone gives the next bit when its clock falls, and nonsense while it is high.

#include <cstdlib>
#include <deque>

#define KWS_CORE_HZ 125000000u
#define _Static_assert static_assert
#include "boards/rp2/dma.c"
#include "boards/rp2/pdm_pio.c"
#include "rp2_dma.h"

void rp2_function(uint32_t pin, uint32_t function, uint32_t pad) {
    RP2_PADS_GPIO(pin) = pad;
    RP2_GPIO_CTRL(pin) = function;
}

enum { MACHINE_FIFO = 8 };  // words, both of four joined
static std::deque<uint16_t> fifo, to_hear;
static uint32_t counter, program_counter, shifted_in, shifted_count, periods;
static bool clock_level, data_level, is_output, is_stalled, is_bus_stalled;
static bool is_counting = true;  // the words are their numbers; else those of to_hear
static uint32_t bit_of_word;

static uint32_t field(uint32_t value, uint32_t low, uint32_t bits) {
    return value >> low & ((1u << bits) - 1u);
}
static uint32_t machine(uint32_t offset) { return memory[0x50200000u + offset]; }

static bool next_bit() {
    const uint16_t word = is_counting ? (uint16_t)counter : to_hear.front();
    const bool bit = word >> (15u - bit_of_word) & 1u;
    if (++bit_of_word == 16u) {
        bit_of_word = 0;
        if (is_counting) {
            ++counter;
        } else {
            to_hear.pop_front();
        }
    }
    return bit;
}

static void set_clock(bool level) {
    if (!is_output) abort();
    if (clock_level && !level) data_level = next_bit();
    if (!clock_level && level) ++periods;
    clock_level = level;
}

static void drain() {
    for (; is_transferring && !is_bus_stalled && !fifo.empty(); fifo.pop_front())
        dma_take(words[0], fifo.front());
}

static void push() {
    const uint32_t threshold = field(machine(0x0D0), 20, 5);
    if (!field(machine(0x0D0), 16, 1) || shifted_count < threshold) return;
    if (fifo.size() == MACHINE_FIFO) {
        is_stalled = true;
        memory[PIO_EVENTS.address] |= 1u;
        return;
    }
    is_stalled = false;
    fifo.push_back((uint16_t)shifted_in);
    shifted_in = shifted_count = 0;
    drain();
}

// One instruction; a machine that is stalled tries its push again.
static void step() {
    if (is_stalled) return push();
    const uint32_t code = memory[PIO_PROGRAM(program_counter).address], pins = machine(0x0DC);
    if (field(pins, 29, 3) != 1 || field(code, 8, 4) != 0) abort();  // one pin of side-set, no delay
    const bool side = field(code, 12, 1);
    const bool pin =
        field(pins, 15, 5) == 3u ? (clock_level ? rand() & 1 : data_level) : 0;  // before the side-set
    const uint32_t wrap_top = field(machine(0x0CC), 12, 5), wrap_bottom = field(machine(0x0CC), 7, 5);
    program_counter = program_counter == wrap_top ? wrap_bottom : program_counter + 1;
    if (field(pins, 10, 5) != 2u) abort();
    set_clock(side);
    if (field(code, 13, 3) == 2 && field(code, 5, 3) == 0 && field(code, 0, 5) == 1) {  // IN PINS, 1
        if (field(machine(0x0D0), 18, 1)) abort();                                      // to the left
        shifted_in = shifted_in << 1 | pin;
        ++shifted_count;
        push();
    } else if ((code & 0xE0FFu) != 0xA042u) {  // MOV Y, Y
        abort();
    }
}

static bool is_running() { return machine(0) & 1u; }

// So many words more.
static void run(uint32_t count) {
    for (uint32_t last = periods + 16u * count; is_running() && !is_stalled && periods != last;) step();
}

extern "C" void device_hear(uint32_t count) { run(count); }

extern "C" void device_receive_words(const uint16_t* from, uint32_t count) {
    is_counting = false;
    to_hear.insert(to_hear.end(), from, from + count);
    run(count);
}

// The bus is busy: the DMA takes nothing for so many words of time.
extern "C" void device_stall(uint32_t count) {
    is_bus_stalled = true;
    run(count);
    is_bus_stalled = false;
    drain();
    if (is_stalled) push();
}

uint32_t device_read(uint32_t address) {
    pass_time();
    uint32_t value;
    return dma_read(address, &value) ? value : memory[address];
}

void device_write(uint32_t address, uint32_t value) {
    if (dma_write(address, value)) return;
    if (address == PIO_EVENTS.address) value = memory[address] & ~value;
    memory[address] = value;
    if (address == SM0_INSTRUCTION.address) {
        if (value != 0xE081u || field(machine(0x0DC), 5, 5) != 2u || field(machine(0x0DC), 26, 3) != 1u)
            abort();
        is_output = true;  // SET PINDIRS, 1
    }
    if (address == PIO_CONTROL.address) data_level = next_bit();  // the clock is low: the first is there
}

extern "C" {
uint32_t device_divider(void) { return machine(0x0C8); }
size_t device_words(int16_t* to, size_t capacity) { return kws_microphone_take(to, capacity); }
uint32_t device_words_lost(void) { return kws_microphone_lost(); }
}
