// SPDX-License-Identifier: Apache-2.0
#include "recording.h"

void kws_recording_start(kws_recording* recording, uint32_t id) {
    recording->id = id;
    recording->first = recording->end = 0;
    recording->is_on = 1;
}

void kws_recording_add(kws_recording* recording, const int16_t* samples, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        recording->samples[recording->end % KWS_RECORDING_SAMPLES] = samples[i];
        recording->end += 1;
    }
    if (recording->end - recording->first > KWS_RECORDING_SAMPLES) {
        recording->first = recording->end - KWS_RECORDING_SAMPLES;
    }
}

void kws_recording_lose(kws_recording* recording, uint32_t count) {
    recording->end += count;
    recording->first = recording->end;
}

size_t kws_recording_read(kws_recording* recording, uint32_t next, uint8_t* bytes, size_t capacity,
                          uint32_t* first) {
    // Nobody can have what is still to come, and what is before next is not asked for again.
    if (next - recording->first <= recording->end - recording->first) recording->first = next;
    *first = recording->first;
    const size_t kept = recording->end - recording->first;
    const size_t count = kept < capacity ? kept : capacity;
    for (size_t i = 0; i < count; ++i) {
        const uint16_t sample =
            (uint16_t)recording->samples[(recording->first + (uint32_t)i) % KWS_RECORDING_SAMPLES];
        bytes[2 * i] = (uint8_t)sample;
        bytes[2 * i + 1] = (uint8_t)(sample >> 8);
    }
    return count;
}
