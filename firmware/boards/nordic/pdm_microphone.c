// SPDX-License-Identifier: Apache-2.0
// PS 6.15, PDM: 16 MHz / 12.5 is the clock of 1.28 MHz, 80 bits of it are a sample: 16 kHz exactly.

#include "../microphones/level.h"
#include "../microphones/ring.h"
#include "cortexm.h"
#include "nrf52.h"

#define PDM_BASE 0x4001D000u
#define PDM(offset) KWS_REGISTER(PDM_BASE + (offset))
#define ENABLE PDM(0x500u)
#define CLOCK PDM(0x504u)
#define MODE PDM(0x508u)
#define GAIN_LEFT PDM(0x518u)
#define GAIN_RIGHT PDM(0x51Cu)
#define RATIO PDM(0x520u)
#define CLOCK_PIN PDM(0x540u)
#define DATA_PIN PDM(0x544u)
#define SAMPLE_PTR (PDM_BASE + 0x560u)
#define CLOCK_1280_KHZ 0x0A000000u
#define RATIO_80 1u
#define MODE_MONO 1u      // left, which is read when the clock falls
#define GAIN_20_DB 0x50u  // the highest

static int64_t dc;

void nrf52_block_heard(const int16_t* block) {
    int16_t samples[NRF52_BLOCK_SAMPLES];
    for (uint32_t i = 0; i < NRF52_BLOCK_SAMPLES; ++i) {
        samples[i] = kws_level(&dc, (int64_t)block[i] * (1 << KWS_LEVEL_SHIFT));
    }
    kws_microphone_heard(samples, NRF52_BLOCK_SAMPLES);
}

void nrf52_on_pdm(void) { nrf52_blocks_take(); }

void nrf52_pdm_start(uint32_t clock, uint32_t data) {
    nrf52_output(clock, 0);
    nrf52_input(data, 0);
    CLOCK = CLOCK_1280_KHZ;
    RATIO = RATIO_80;
    MODE = MODE_MONO;
    GAIN_LEFT = GAIN_20_DB;
    GAIN_RIGHT = GAIN_20_DB;
    CLOCK_PIN = clock;
    DATA_PIN = data;
    ENABLE = 1u;
    nrf52_blocks_start(PDM_BASE, SAMPLE_PTR, NRF52_PDM_INTERRUPT, 0);
}
