// SPDX-License-Identifier: Apache-2.0
// A PDM microphone at I2S2: its clock is the microphone's, 1.024 MHz, and what it takes for samples of 16
// bits are the bits. DMA1 writes them to the two halves of a buffer in turn, an interrupt at the end of each
// hands it on, the main loop makes samples of them.
//
// RM0090 10.5 (DMA), 28.4 and 28.5 (I2S).

#include "../microphones/blocks.h"
#include "../microphones/pdm_words.h"
#include "../microphones/ring.h"
#include "cortexm.h"
#include "stm32f4.h"

#define HALF_WORDS KWS_PDM_BLOCK_WORDS

#define SPI2(offset) KWS_REGISTER(0x40003800u + (offset))
#define SPI2_DATA 0x4000380Cu
#define I2S_CONTROL2 SPI2(0x04u)
#define I2S_STATE SPI2(0x08u)
#define I2S_DATA SPI2(0x0Cu)
#define I2S_CONFIG SPI2(0x1Cu)
#define I2S_DIVIDER SPI2(0x20u)
#define CONTROL2_TO_DMA (1u << 0)
#define CONTROL2_ERROR_INTERRUPT (1u << 5)
#define STATE_OVERRUN (1u << 6)
// I2S, master that receives, LSB justified, clock high where it rests, 16 of 16 bits: as STM32CubeF4 has it.
#define CONFIG_PDM (1u << 11 | 3u << 8 | 2u << 4 | 1u << 3)
#define CONFIG_ON (1u << 10)
#define DIVIDER_50 25u  // of 51.2 MHz

#define DMA1(offset) KWS_REGISTER(0x40026000u + (offset))
#define DMA_FLAGS DMA1(0x00u)
#define DMA_CLEAR DMA1(0x08u)
#define DMA_CONTROL DMA1(0x58u)  // of stream 3
#define DMA_LEFT DMA1(0x5Cu)
#define DMA_FROM DMA1(0x60u)
#define DMA_TO DMA1(0x64u)
#define FLAG_HALF (1u << 26)
#define FLAG_ALL_OF_STREAM (0x3Du << 22)
#define CLOCK_DMA1 (1u << 21)
#define CLOCK_SPI2 (1u << 14)
// Channel 0, high priority, half-words at both ends, addresses that count up and begin anew, interrupts at
// both halves.
#define CONTROL_PDM (2u << 16 | 1u << 13 | 1u << 11 | 1u << 10 | 1u << 8 | 1u << 4 | 1u << 3)
#define CONTROL_ON 1u

static volatile uint16_t words[2][HALF_WORDS];

uint32_t kws_blocks_done(void) {
    const uint32_t flags = DMA_FLAGS;
    return (flags & FLAG_HALF ? 1u : 0u) | (flags & FLAG_HALF << 1 ? 2u : 0u);
}

void kws_blocks_forget(uint32_t half) { DMA_CLEAR = FLAG_HALF << half; }

int kws_blocks_is_being_written(uint32_t half) { return (DMA_LEFT > HALF_WORDS ? 0u : 1u) == half; }

const int16_t* kws_blocks_copy(uint32_t half) {
    static int16_t copy[HALF_WORDS];
    for (uint32_t i = 0; i < HALF_WORDS; ++i) copy[i] = (int16_t)words[half][i];
    return copy;
}

void stm32f4_on_pdm_dma(void) { kws_blocks_take(HALF_WORDS); }

// The DMA did not come in time for a word. Nothing more is received until both registers are read.
void stm32f4_on_pdm_error(void) {
    if (!(I2S_STATE & STATE_OVERRUN)) return;
    (void)(uint32_t)I2S_DATA;
    (void)(uint32_t)I2S_STATE;
    kws_microphone_missed(1);
}

void stm32f4_pdm_start(void) {
    kws_pdm_words_start();
    stm32f4_start_i2s_clock();
    STM32F4_AHB1_CLOCKS = STM32F4_AHB1_CLOCKS | CLOCK_DMA1;
    STM32F4_APB1_CLOCKS = STM32F4_APB1_CLOCKS | CLOCK_SPI2;
    DMA_CLEAR = FLAG_ALL_OF_STREAM;
    DMA_FROM = SPI2_DATA;
    DMA_TO = (uint32_t)(uintptr_t)words;
    DMA_LEFT = 2u * HALF_WORDS;
    DMA_CONTROL = CONTROL_PDM;
    DMA_CONTROL = CONTROL_PDM | CONTROL_ON;
    I2S_DIVIDER = DIVIDER_50;
    I2S_CONFIG = CONFIG_PDM;
    I2S_CONTROL2 = CONTROL2_TO_DMA | CONTROL2_ERROR_INTERRUPT;
    kws_enable_interrupt(STM32F4_DMA1_STREAM3_INTERRUPT);
    kws_enable_interrupt(STM32F4_SPI2_INTERRUPT);
    I2S_CONFIG = CONFIG_PDM | CONFIG_ON;
}
