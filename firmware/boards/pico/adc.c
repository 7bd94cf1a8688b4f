// SPDX-License-Identifier: Apache-2.0
// An analog microphone on GPIO26, such as a MAX4466 or MAX9814 on a breakout: ADC to memory by DMA.
//
// Two channels of the DMA take turns, each with a block of its own, and start each other: nothing has to be
// in time for the next sample, and none can be written beyond a block, since addresses wrap around (RING). An
// interrupt at the end of each block hands it on. One that comes so late that the DMA writes the block anew
// counts it as lost.
//
// Registers: RP2040 Datasheet, 4.9.6 (ADC) and 2.5.7 (DMA).

#include "../microphones/ring.h"
#include "rp2040.h"

#define SAMPLE_RATE_HZ 16000u
#define PIN 26u  // ADC0
#define BLOCK_SAMPLES 128u
#define BLOCK_BYTES_LOG2 8u

#define ADC_CONTROL KWS_REGISTER(0x4004C000u)
#define ADC_FIFO_CONTROL KWS_REGISTER(0x4004C008u)
#define ADC_FIFO 0x4004C00Cu
#define ADC_DIVIDER KWS_REGISTER(0x4004C010u)
#define ADC_ON 1u
#define ADC_READY (1u << 8)
#define ADC_FREE_RUNNING (1u << 3)
#define ADC_FIFO_FULL_SINCE (1u << 11)                  // a sample was lost; writing 1 clears it
#define ADC_FIFO_TO_DMA (1u << 24 | 1u << 3 | 1u << 0)  // from one sample on

#define DMA_CHANNEL(n, offset) KWS_REGISTER(0x50000000u + 0x40u * (n) + (offset))
#define DMA_READ(n) DMA_CHANNEL(n, 0x00u)
#define DMA_WRITE(n) DMA_CHANNEL(n, 0x04u)
#define DMA_COUNT(n) DMA_CHANNEL(n, 0x08u)
#define DMA_CONTROL_AND_START(n) DMA_CHANNEL(n, 0x0Cu)
#define DMA_CONTROL(n) DMA_CHANNEL(n, 0x10u)
#define DMA_ENABLE KWS_REGISTER(0x50000404u)
#define DMA_DONE KWS_REGISTER(0x5000040Cu)  // a bit for each channel; writing 1 clears it
#define DMA_BUSY (1u << 24)
#define DREQ_ADC 36u

static volatile uint16_t blocks[2][BLOCK_SAMPLES] __attribute__((aligned(2 * BLOCK_SAMPLES)));
static uint32_t next;  // of the two, to be done

// 0 to 4095, 2048 without sound, over the range of 16 bits.
static int16_t to_sample(uint16_t code) { return (int16_t)((int32_t)(code & 0xFFFu) * 16 - 32768); }

// Since its end was noted: it is being written anew, or has been.
static int is_written_over(uint32_t block) {
    return (DMA_CONTROL(block) & DMA_BUSY) != 0 || (DMA_DONE >> block & 1u) != 0;
}

void rp2040_on_dma(void) {
    int16_t heard[BLOCK_SAMPLES];
    if (ADC_FIFO_CONTROL & ADC_FIFO_FULL_SINCE) {
        ADC_FIFO_CONTROL = ADC_FIFO_TO_DMA | ADC_FIFO_FULL_SINCE;
        kws_microphone_missed(1);
    }
    for (uint32_t done; (done = DMA_DONE & 3u) != 0; next ^= 1u) {
        DMA_DONE = 1u << next;
        const int is_whole = (done >> next & 1u) && !is_written_over(next);
        for (uint32_t i = 0; i < BLOCK_SAMPLES; ++i) heard[i] = to_sample(blocks[next][i]);
        if (is_whole && !is_written_over(next)) {
            kws_microphone_heard(heard, BLOCK_SAMPLES);
        } else {
            kws_microphone_missed(BLOCK_SAMPLES);
        }
    }
}

static uint32_t control(uint32_t n) {
    return DREQ_ADC << 15 | (n ^ 1u) << 11 | 1u << 10 | BLOCK_BYTES_LOG2 << 6 | 1u << 5 | 1u << 2 | 1u;
}

void rp2040_adc_start(void) {
    PADS_GPIO(PIN) = 1u << 7;  // neither output, nor input, nor pulled: analog
    ADC_CONTROL = ADC_ON;
    while (!(ADC_CONTROL & ADC_READY)) continue;
    ADC_DIVIDER = (ADC_HZ / SAMPLE_RATE_HZ - 1u) << 8;
    ADC_FIFO_CONTROL = ADC_FIFO_TO_DMA;
    for (uint32_t n = 0; n < 2; ++n) {
        DMA_READ(n) = ADC_FIFO;
        DMA_WRITE(n) = (uint32_t)(uintptr_t)blocks[n];
        DMA_COUNT(n) = BLOCK_SAMPLES;
    }
    DMA_CONTROL(1u) = control(1u);
    DMA_CONTROL_AND_START(0u) = control(0u);
    DMA_ENABLE = 3u;
    kws_enable_interrupt(DMA_INTERRUPT);
    ADC_CONTROL = ADC_ON | ADC_FREE_RUNNING;
}
