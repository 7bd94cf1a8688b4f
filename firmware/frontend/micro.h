// SPDX-License-Identifier: Apache-2.0
// The front end micro: the features of TFLite-Micro's audio front end, to the bit.
//
// The C twin of train/audio/micro.py. Amplitudes of mel bands are freed of the noise that each band was heard
// to have, divided by its level, and become logarithms.

#ifndef EARSHOT_MICRO_H_
#define EARSHOT_MICRO_H_

#include <stdint.h>

#include "frontend_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

#if KWS_FRONTEND_MICRO

// Features of one row.
//
// samples       the newest window
// words         scratch
// noise         in and out: the estimate of each band; all 0 where a stream begins
void kws_micro_row(const int16_t samples[KWS_WINDOW_SAMPLES], uint32_t words[KWS_FFT_LENGTH],
                   uint32_t noise[KWS_FEATURE_BINS], uint8_t row[KWS_FEATURE_BINS]);

#endif

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_MICRO_H_
