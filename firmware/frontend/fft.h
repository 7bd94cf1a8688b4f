// SPDX-License-Identifier: Apache-2.0
// A fixed-point FFT of real samples.

#ifndef EARSHOT_FFT_H_
#define EARSHOT_FFT_H_

#include <stdint.h>

#include "frontend_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

// Transforms KWS_FFT_LENGTH real values in place.
//
// data          in: KWS_FFT_LENGTH values, seen as KWS_FFT_LENGTH/2 complex ones in bit-reversed
//               order (value 2n and 2n+1 at complex place kws_bit_reversal[n]);
//               out: KWS_FFT_LENGTH/2 + 1 complex bins (real, imaginary), twice the DFT.
// The sum of the magnitudes of the input must stay below 2^30, so that nothing overflows.
void kws_fft_real(int32_t data[KWS_FFT_LENGTH + 2]);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_FFT_H_
