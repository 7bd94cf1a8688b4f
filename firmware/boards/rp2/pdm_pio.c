// SPDX-License-Identifier: Apache-2.0
// A PDM microphone: clock on GPIO2, data on GPIO3, its L/R (SEL) at ground. A state machine of PIO makes the
// clock, 1.024 MHz, and shifts in a bit at each of its periods. DMA takes words of 16 bits to two blocks of 8
// ms in turn, an interrupt at the end of each hands it on, and the main loop makes samples of them.
//
// Registers: RP2040 Datasheet, 3.7; RP2350 Datasheet, 11.7.

#include "../microphones/blocks.h"
#include "../microphones/pdm_words.h"
#include "../microphones/ring.h"
#include "rp2.h"

#define CLOCK_PIN 2u
#define DATA_PIN 3u
#define BLOCK_WORDS KWS_PDM_BLOCK_WORDS
#define BLOCK_BYTES_LOG2 10u
#define CLOCK_HZ 1024000u

#define PIO0(offset) KWS_REGISTER(0x50200000u + (offset))
#define PIO0_RECEIVED 0x50200020u
#define PIO_CONTROL PIO0(0x000u)
#define PIO_EVENTS PIO0(0x008u)
#define PIO_PROGRAM(n) PIO0(0x048u + 4u * (n))
#define SM0_DIVIDER PIO0(0x0C8u)
#define SM0_EXECUTION PIO0(0x0CCu)
#define SM0_SHIFT PIO0(0x0D0u)
#define SM0_INSTRUCTION PIO0(0x0D8u)
#define SM0_PINS PIO0(0x0DCu)
#define EVENT_RECEIVE_STALLED (1u << 0)  // of machine 0; writing 1 clears it
#define CONTROL_ON (1u << 0)
#define CONTROL_RESTART (1u << 4 | 1u << 8)  // the machine, and its divider

// A microphone whose L/R is at ground drives its data while the clock is low, and lets go while it is high.
// So a bit is taken as the clock rises: the machine reads the pin, through two flip-flops, and raises the
// clock at once.
//
// 16 bits an instruction (RP2040 Datasheet, 3.4; RP2350 Datasheet, 11.4): 15 to 13 say which, 12 is the level
// of the clock (side-set of one pin), 11 to 8 wait; then come the operands.
//
//     in pins, 1   side 1      010 1 0000 000 00001    source pins (000), one bit
//     nop          side 0      101 0 0000 010 00 010   mov y, y: to (010), as it is (00), from (010)
#define INSTRUCTIONS 2u
static const uint16_t program[INSTRUCTIONS] = {0x5001u, 0xA042u};
#define SET_PINDIRS_OUTPUT 0xE081u  // set pindirs, 1   side 0: 111 0 0000 100 00001

// The divider is in 256ths of an instruction's cycles.
#define DIVIDER (KWS_CORE_HZ / (CLOCK_HZ * INSTRUCTIONS / 256u))
_Static_assert(KWS_CORE_HZ % (CLOCK_HZ * INSTRUCTIONS / 256u) == 0,
               "the clock of the microphone would be off");

static volatile uint16_t words[2][BLOCK_WORDS] __attribute__((aligned(2 * BLOCK_WORDS)));

const int16_t* kws_blocks_copy(uint32_t block) {
    static int16_t copy[BLOCK_WORDS];
    for (uint32_t i = 0; i < BLOCK_WORDS; ++i) copy[i] = (int16_t)words[block][i];
    return copy;
}

// Where the DMA does not come in time for the FIFO, the machine waits, and the microphone's clock with it:
// bits are missing in time, and as long as it waited, it is one event.
void rp2_on_dma(void) {
    if (PIO_EVENTS & EVENT_RECEIVE_STALLED) {
        PIO_EVENTS = EVENT_RECEIVE_STALLED;
        kws_microphone_missed(1);
    }
    kws_blocks_take(BLOCK_WORDS);
}

void rp2_microphone_start(void) {
    kws_pdm_words_start();
    rp2_function(CLOCK_PIN, RP2_FUNCTION_PIO0, RP2_PAD_DIGITAL);
    rp2_function(DATA_PIN, RP2_FUNCTION_PIO0, RP2_PAD_DIGITAL | RP2_PAD_PULLED_DOWN);
    for (uint32_t n = 0; n < INSTRUCTIONS; ++n) PIO_PROGRAM(n) = program[n];
    SM0_DIVIDER = DIVIDER << 8;
    SM0_EXECUTION = (INSTRUCTIONS - 1u) << 12;  // begins anew at 0 behind the last
    SM0_SHIFT =
        1u << 31 | 16u << 20 | 1u << 16;  // both FIFOs receive; 16 bits make a word, shifted to the left
    SM0_PINS = 1u << 29 | 1u << 26 | DATA_PIN << 15 | CLOCK_PIN << 10 | CLOCK_PIN << 5;
    SM0_INSTRUCTION = SET_PINDIRS_OUTPUT;
    PIO_EVENTS = EVENT_RECEIVE_STALLED;
    rp2_dma_start(PIO0_RECEIVED, RP2_DREQ_PIO0_RX0, words[0], BLOCK_BYTES_LOG2);
    PIO_CONTROL = CONTROL_ON | CONTROL_RESTART;
}
