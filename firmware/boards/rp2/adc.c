// SPDX-License-Identifier: Apache-2.0
// An analog microphone on GPIO26, such as a MAX4466 or MAX9814 on a breakout: ADC to memory by DMA, in blocks
// of 8 ms. An interrupt at the end of each hands it on.
//
// Registers: RP2040 Datasheet, 4.9.6; RP2350 Datasheet, 12.4.7.

#include "../microphones/blocks.h"
#include "../microphones/ring.h"
#include "rp2.h"

#define SAMPLE_RATE_HZ 16000u
#define ADC_HZ 48000000u
#define PIN 26u  // ADC0
#define BLOCK_SAMPLES 128u
#define BLOCK_BYTES_LOG2 8u

#define ADC_CONTROL KWS_REGISTER(RP2_ADC + 0x00u)
#define ADC_FIFO_CONTROL KWS_REGISTER(RP2_ADC + 0x08u)
#define ADC_FIFO (RP2_ADC + 0x0Cu)
#define ADC_DIVIDER KWS_REGISTER(RP2_ADC + 0x10u)
#define ADC_ON 1u
#define ADC_READY (1u << 8)
#define ADC_FREE_RUNNING (1u << 3)
#define ADC_FIFO_FULL_SINCE (1u << 11)                  // a sample was lost; writing 1 clears it
#define ADC_FIFO_TO_DMA (1u << 24 | 1u << 3 | 1u << 0)  // from one sample on

static volatile uint16_t blocks[2][BLOCK_SAMPLES] __attribute__((aligned(2 * BLOCK_SAMPLES)));

// 0 to 4095, 2048 without sound, over the range of 16 bits.
static int16_t to_sample(uint16_t code) { return (int16_t)((int32_t)(code & 0xFFFu) * 16 - 32768); }

const int16_t* kws_blocks_copy(uint32_t block) {
    static int16_t heard[BLOCK_SAMPLES];
    for (uint32_t i = 0; i < BLOCK_SAMPLES; ++i) heard[i] = to_sample(blocks[block][i]);
    return heard;
}

void rp2_on_dma(void) {
    if (ADC_FIFO_CONTROL & ADC_FIFO_FULL_SINCE) {
        ADC_FIFO_CONTROL = ADC_FIFO_TO_DMA | ADC_FIFO_FULL_SINCE;
        kws_microphone_missed(1);
    }
    kws_blocks_take(BLOCK_SAMPLES);
}

void rp2_microphone_start(void) {
    RP2_PADS_GPIO(PIN) = RP2_PAD_ANALOG;
    ADC_CONTROL = ADC_ON;
    while (!(ADC_CONTROL & ADC_READY)) continue;
    ADC_DIVIDER = (ADC_HZ / SAMPLE_RATE_HZ - 1u) << 8;
    ADC_FIFO_CONTROL = ADC_FIFO_TO_DMA;
    rp2_dma_start(ADC_FIFO, RP2_DREQ_ADC, blocks[0], BLOCK_BYTES_LOG2);
    ADC_CONTROL = ADC_ON | ADC_FREE_RUNNING;
}
