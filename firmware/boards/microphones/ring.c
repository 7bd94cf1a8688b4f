// SPDX-License-Identifier: Apache-2.0
#include "ring.h"

// Positions count up and wrap around with uint32_t; head - tail is the fill. The interrupt moves head, the
// main loop tail: no lock is needed.
static int16_t samples[KWS_MICROPHONE_SAMPLES];
static volatile uint32_t head, tail, lost;

void kws_microphone_heard(const int16_t* heard, size_t count) {
    uint32_t to = head;
    const uint32_t end = tail + KWS_MICROPHONE_SAMPLES;
    for (size_t i = 0; i < count; ++i) {
        if (to == end) {
            kws_microphone_missed((uint32_t)(count - i));
            break;
        }
        samples[to++ % KWS_MICROPHONE_SAMPLES] = heard[i];
    }
    head = to;
}

void kws_microphone_missed(uint32_t count) { lost = lost + count; }

size_t kws_microphone_take(int16_t* to, size_t capacity) {
    size_t count = 0;
    uint32_t from = tail;
    const uint32_t end = head;
    while (count < capacity && from != end) to[count++] = samples[from++ % KWS_MICROPHONE_SAMPLES];
    __asm volatile("" ::: "memory");  // the samples are read before their places are given back
    tail = from;
    return count;
}

uint32_t kws_microphone_lost(void) { return lost; }
