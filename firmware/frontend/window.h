// SPDX-License-Identifier: Apache-2.0
// Windowed samples, scaled so that the FFT uses all its bits however quiet they are.
//
// A logarithm shows the rounding of the FFT in bins that are far below the loudest one; the fixed
// scale that is good enough for linear features would leave quiet recordings in it.

#ifndef EARSHOT_WINDOW_H_
#define EARSHOT_WINDOW_H_

#include <stdint.h>

#include "frontend_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

// Writes one window in the order that kws_fft_real takes.
//
// samples       the newest KWS_WINDOW_SAMPLES
// data          the samples times the window times 2^(KWS_FRACTION_BITS + what is returned)
// returns       bits gained over KWS_FRACTION_BITS
unsigned kws_window_scaled(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_WINDOW_H_
