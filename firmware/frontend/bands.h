// SPDX-License-Identifier: Apache-2.0
// The power of each band of a spectrum: groups of FFT bins, or mel bands.

#ifndef EARSHOT_BANDS_H_
#define EARSHOT_BANDS_H_

#include <stdint.h>

#include "../compiler.h"
#include "frontend_tables.h"

KWS_BEGIN_CODE

// Sums up a spectrum.
//
// spectrum      as kws_fft_real leaves it
// gained_bits   what kws_window_scaled returned
// powers        a power of 1, of samples in [-1, 1), is 2^KWS_POWER_BITS here
void kws_band_powers(const int32_t spectrum[KWS_FFT_LENGTH + 2], unsigned gained_bits,
                     uint64_t powers[KWS_FEATURE_BINS]);

KWS_END_CODE

#endif  // EARSHOT_BANDS_H_
