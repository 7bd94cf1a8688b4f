// SPDX-License-Identifier: Apache-2.0
// A PDM microphone at I2S2: its clock is the microphone's, 1.024 MHz, and what it takes for samples of 16
// bits are the bits. DMA1 writes them to the two halves of a buffer in turn, an interrupt at the end of each
// hands it on, the main loop makes samples of them.
//
// RM0090 10.5 (DMA), 28.4 and 28.5 (I2S).

#include "../microphones/pdm.h"
#include "../microphones/ring.h"
#include "cortexm.h"
#include "hal.h"
#include "stm32f4.h"

#define WORDS_PER_SAMPLE (KWS_PDM_BITS_PER_SAMPLE / 16u)
#define HALF_WORDS (128u * WORDS_PER_SAMPLE)  // 8 ms
#define GAIN (10 * KWS_PDM_UNIT_GAIN)

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
// I2S, master that receives, LSB justified, clock high where it rests, 16 of 16 bits: as ST's AN3998 has it.
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
static int16_t copy[HALF_WORDS];
static uint32_t next;  // of the halves, to be done
static kws_pdm pdm;

static uint32_t flag_of(uint32_t half) { return FLAG_HALF << half; }

// Since its end was noted: it is being written anew, or has been.
static int is_written_over(uint32_t half) {
    const uint32_t written_to = DMA_LEFT > HALF_WORDS ? 0u : 1u;
    return written_to == half || (DMA_FLAGS & flag_of(half)) != 0;
}

void stm32f4_on_pdm_dma(void) {
    for (uint32_t done; (done = DMA_FLAGS & (flag_of(0) | flag_of(1))) != 0; next ^= 1u) {
        DMA_CLEAR = flag_of(next);
        const int is_whole = (done & flag_of(next)) && !is_written_over(next);
        for (uint32_t i = 0; i < HALF_WORDS; ++i) copy[i] = (int16_t)words[next][i];
        if (is_whole && !is_written_over(next)) {
            kws_microphone_heard(copy, HALF_WORDS);
        } else {
            kws_microphone_missed(HALF_WORDS);
        }
    }
}

// The DMA did not come in time for a word. Nothing more is received until both registers are read.
void stm32f4_on_pdm_error(void) {
    if (!(I2S_STATE & STATE_OVERRUN)) return;
    (void)(uint32_t)I2S_DATA;
    (void)(uint32_t)I2S_STATE;
    kws_microphone_missed(1);
}

void stm32f4_pdm_start(void) {
    kws_pdm_init(&pdm, GAIN);
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

size_t kws_hal_audio_read(int16_t* samples, size_t capacity) {
    size_t count = 0;
    while (count < capacity) {
        int16_t taken[16];
        uint8_t bytes[2 * sizeof taken / sizeof *taken];
        const size_t room = (capacity - count) * WORDS_PER_SAMPLE - 1u;  // of which no sample more can come
        const size_t most = sizeof taken / sizeof *taken;
        const size_t word_count = kws_microphone_take(taken, room < most ? room : most);
        if (word_count == 0) break;
        for (size_t i = 0; i < word_count; ++i) {  // the highest bit came first
            bytes[2 * i] = (uint8_t)((uint16_t)taken[i] >> 8);
            bytes[2 * i + 1] = (uint8_t)((uint16_t)taken[i] & 0xFFu);
        }
        count += kws_pdm_push(&pdm, bytes, 2 * word_count, 0, samples + count);
    }
    return count;
}

uint32_t kws_hal_audio_lost(void) {
    return (kws_microphone_lost() + WORDS_PER_SAMPLE - 1u) / WORDS_PER_SAMPLE;
}
