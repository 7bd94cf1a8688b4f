// SPDX-License-Identifier: Apache-2.0
// Windowed samples, less the mean of their window where KWS_DC_BLOCK says so.
//
// They are scaled so that the FFT uses all its bits however quiet they are: a logarithm shows the
// rounding of the FFT in bins that are far below the loudest one. The fixed scale that is good enough
// for linear features would leave quiet recordings in it.

#ifndef EARSHOT_WINDOW_H_
#define EARSHOT_WINDOW_H_

#include <stdint.h>

#include "frontend_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

#if KWS_FRONTEND_AVERAGE

// Writes one window in the order that kws_fft_real takes.
//
// samples       the newest KWS_WINDOW_SAMPLES
// data          the samples times the window times 2^KWS_FRACTION_BITS
void kws_window_fixed(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]);

#else

// Writes one window in the order that kws_fft_real takes.
//
// samples       the newest KWS_WINDOW_SAMPLES
// data          the samples times the window times 2^(KWS_FRACTION_BITS + what is returned)
// returns       bits gained over KWS_FRACTION_BITS
unsigned kws_window_scaled(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]);

#endif

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_WINDOW_H_
