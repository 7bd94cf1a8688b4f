// SPDX-License-Identifier: Apache-2.0
// The spectrum of the front end micro: window, FFT of int16 with the roundings of kissfft, powers.

#ifndef EARSHOT_MICRO_FFT_H_
#define EARSHOT_MICRO_FFT_H_

#include <stdint.h>

#include "frontend_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

#if KWS_FRONTEND_MICRO

// Computes the powers of the FFT bins from KWS_FIRST_BIN on that belong to bands.
//
// samples       the newest window
// words         scratch; the power of bin n is left in words[KWS_FFT_LENGTH / 2 + n]
// returns       how many bits the windowed samples were shifted up, so that the FFT uses all of its own
unsigned kws_micro_powers(const int16_t samples[KWS_WINDOW_SAMPLES], uint32_t words[KWS_FFT_LENGTH]);

#endif

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_MICRO_FFT_H_
