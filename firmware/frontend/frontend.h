// SPDX-License-Identifier: Apache-2.0
// The front end on the device: int16 samples in, rows of uint8 features out, integers only.
//
// It is the C twin of train/audio/frontend.py. Samples come in pieces of any size; each time a
// stride is complete, the features of the last window are ready. All memory is the
// caller's, nothing is allocated, and the same samples give the same bits on every core.

#ifndef EARSHOT_FRONTEND_H_
#define EARSHOT_FRONTEND_H_

#include <stdint.h>

#include "frontend_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

// State of one stream. Treat it as opaque; it is complete only so that callers can own it.
typedef struct kws_frontend {
#if KWS_FRONTEND_PCAN
    uint64_t levels[KWS_FEATURE_BINS];  // mean power of each band so far
    uint64_t has_levels;                // 0 before the first row
#endif
#if KWS_FRONTEND_MICRO
    uint32_t words[KWS_FFT_LENGTH];    // scratch
    uint32_t noise[KWS_FEATURE_BINS];  // estimate of each band so far
#else
    int32_t spectrum[KWS_FFT_LENGTH + 2];  // scratch: complex, interleaved
#endif
    uint32_t sample_count;                // of samples[]
    uint32_t skip_samples;                // to drop, where the stride is longer than the window
    int16_t samples[KWS_WINDOW_SAMPLES];  // the newest window, as far as it is there
} kws_frontend;

// Starts a stream: the next sample is its first.
void kws_frontend_reset(kws_frontend* frontend);

// Takes in samples up to the end of the next window.
//
// samples       sample_count of them; fewer may be taken
// row           KWS_FEATURE_BINS features, written when *row_ready is set to 1
// row_ready     0 or 1
// returns       how many samples were taken; call again with the rest
uint32_t kws_frontend_push(kws_frontend* frontend, const int16_t* samples, uint32_t sample_count,
                           uint8_t row[KWS_FEATURE_BINS], int* row_ready);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_FRONTEND_H_
