// SPDX-License-Identifier: Apache-2.0
// The last moments of a board's microphone, for a host that records it (docs/PROTOCOL.md). All memory is the
// caller's.

#ifndef EARSHOT_RECORDING_H_
#define EARSHOT_RECORDING_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_RECORDING_SAMPLES 4096u  // kept: 256 ms at 16 kHz, in which the host asks for them

// Samples are numbered from 0. Those from first to before end are kept, number i at i %
// KWS_RECORDING_SAMPLES.
typedef struct kws_recording {
    uint32_t id, first, end;
    int is_on;
    int16_t samples[KWS_RECORDING_SAMPLES];
} kws_recording;

// Begins a recording; the one before is forgotten.
void kws_recording_start(kws_recording* recording, uint32_t id);

// Adds what the microphone has heard. What finds no room takes the place of the oldest.
void kws_recording_add(kws_recording* recording, const int16_t* samples, size_t count);

// Notes that so many samples were lost behind the last: what is kept is forgotten with them, as nobody knows
// where among it they were.
void kws_recording_lose(kws_recording* recording, uint32_t count);

// Forgets what is before sample next and copies up to capacity samples from there on, low byte first. Returns
// how many, maybe 0; *first is the number of the first of them, beyond next where older ones are gone.
size_t kws_recording_read(kws_recording* recording, uint32_t next, uint8_t* bytes, size_t capacity,
                          uint32_t* first);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_RECORDING_H_
