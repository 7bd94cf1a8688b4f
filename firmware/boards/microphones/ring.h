// SPDX-License-Identifier: Apache-2.0
// Between the interrupt of a microphone and the main loop: a ring of samples, which counts what it loses.

#ifndef EARSHOT_MICROPHONE_RING_H_
#define EARSHOT_MICROPHONE_RING_H_

#include <stddef.h>
#include <stdint.h>

#ifndef KWS_MICROPHONE_SAMPLES        // a board.json may say more
#define KWS_MICROPHONE_SAMPLES 2048u  // kept: 128 ms at 16 kHz, longer than an inference; a power of two
#endif

// From the interrupt alone: adds samples. What finds no room is lost.
void kws_microphone_heard(const int16_t* samples, size_t count);

// From the interrupt alone: so many samples were lost before they came here.
void kws_microphone_missed(uint32_t count);

// From the main loop alone: takes up to capacity samples, returns how many, maybe 0.
size_t kws_microphone_take(int16_t* to, size_t capacity);

// Samples that were lost since the start, at least.
uint32_t kws_microphone_lost(void);

#endif  // EARSHOT_MICROPHONE_RING_H_
