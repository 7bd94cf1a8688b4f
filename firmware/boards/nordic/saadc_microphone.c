// SPDX-License-Identifier: Apache-2.0
// PS 6.23, SAADC: its own timer converts every 1000th period of 16 MHz, 14 bits of 0 to 0.15 V. When a block
// is full, END starts the next by PPI: well before the next conversion, which is 62.5 us away.

#include "../microphones/level.h"
#include "../microphones/ring.h"
#include "cortexm.h"
#include "nrf52.h"

#define SAADC_BASE 0x40007000u
#define SAADC(offset) KWS_REGISTER(SAADC_BASE + (offset))
#define TASK_SAMPLE SAADC(0x004u)
#define EVENT_END (SAADC_BASE + 0x104u)
#define ENABLE SAADC(0x500u)
#define CHANNEL_POSITIVE(n) SAADC(0x510u + 0x10u * (n))
#define CHANNEL_CONFIG(n) SAADC(0x518u + 0x10u * (n))
#define RESOLUTION SAADC(0x5F0u)
#define OVERSAMPLE SAADC(0x5F4u)
#define SAMPLE_RATE SAADC(0x5F8u)
#define RESULT_PTR (SAADC_BASE + 0x62Cu)
#define CONFIG_GAIN_4 (7u << 8)  // of 0.6 V, the internal reference
#define CONFIG_ACQUIRE_10_US (2u << 16)
#define RESOLUTION_14_BITS 3u
#define RATE_BY_TIMER (1u << 12)
#define PERIODS_16_KHZ 1000u
#define GAIN 8  // 14 bits are a quarter of the range of a sample; half of what the ADC can hear is clipped

static int64_t dc;

void nrf52_block_heard(const int16_t* block) {
    int16_t samples[NRF52_BLOCK_SAMPLES];
    for (uint32_t i = 0; i < NRF52_BLOCK_SAMPLES; ++i) {
        samples[i] = kws_level(&dc, (int64_t)block[i] * (GAIN << KWS_LEVEL_SHIFT));
    }
    kws_microphone_heard(samples, NRF52_BLOCK_SAMPLES);
}

void nrf52_on_saadc(void) { nrf52_blocks_take(); }

void nrf52_saadc_start(uint32_t input) {
    for (uint32_t channel = 1; channel < 8; ++channel) CHANNEL_POSITIVE(channel) = 0;
    CHANNEL_POSITIVE(0) = input;
    CHANNEL_CONFIG(0) = CONFIG_GAIN_4 | CONFIG_ACQUIRE_10_US;
    RESOLUTION = RESOLUTION_14_BITS;
    OVERSAMPLE = 0;
    SAMPLE_RATE = RATE_BY_TIMER | PERIODS_16_KHZ;
    ENABLE = 1u;
    nrf52_blocks_start(SAADC_BASE, RESULT_PTR, NRF52_SAADC_INTERRUPT, EVENT_END);
    TASK_SAMPLE = 1u;
}
