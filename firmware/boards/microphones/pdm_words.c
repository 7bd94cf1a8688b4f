// SPDX-License-Identifier: Apache-2.0
// The microphone of a board whose interrupt hears bits: the main loop makes samples of the words in the ring.
// It takes too long for an interrupt: none nests, and the UART's must come in time.

#include "pdm_words.h"

#include "hal.h"
#include "ring.h"

#define GAIN (10 * KWS_PDM_UNIT_GAIN)  // 20 dB
#define TAKEN_WORDS 16u

static kws_pdm pdm;

void kws_pdm_words_start(void) { kws_pdm_init(&pdm, GAIN); }

size_t kws_hal_audio_read(int16_t* samples, size_t capacity) {
    size_t count = 0;
    while (count < capacity) {
        int16_t taken[TAKEN_WORDS];
        uint8_t bytes[2 * TAKEN_WORDS];
        const size_t room =
            (capacity - count) * KWS_PDM_WORDS_PER_SAMPLE - 1u;  // no sample more can come of it
        const size_t word_count = kws_microphone_take(taken, room < TAKEN_WORDS ? room : TAKEN_WORDS);
        if (word_count == 0) break;
        for (size_t i = 0; i < word_count; ++i) {
            bytes[2 * i] = (uint8_t)((uint16_t)taken[i] >> 8);
            bytes[2 * i + 1] = (uint8_t)((uint16_t)taken[i] & 0xFFu);
        }
        count += kws_pdm_push(&pdm, bytes, 2 * word_count, 0, samples + count);
    }
    return count;
}

uint32_t kws_hal_audio_lost(void) {
    return (kws_microphone_lost() + KWS_PDM_WORDS_PER_SAMPLE - 1u) / KWS_PDM_WORDS_PER_SAMPLE;
}
