// SPDX-License-Identifier: Apache-2.0
#include "window.h"

#include <stddef.h>
#include <stdlib.h>

#if !KWS_FRONTEND_AVERAGE

// How many bits the product of a sample and the window, which is in Q31, may lose.
#define LEAST_SHIFT 1u
#define MOST_SHIFT (31u - KWS_FRACTION_BITS)

// Bits to drop so that the magnitudes of all windowed samples sum up to less than 2^30.
static unsigned shift_for(const int16_t* samples) {
    uint64_t sum = 0;
    for (size_t i = 0; i < KWS_WINDOW_SAMPLES; ++i) {
        sum += (uint64_t)((int64_t)abs(samples[i]) * kws_window[i]);
    }
    sum += sum / 128;  // room for rounding: fraction_bits() in codegen/frontend_tables.py leaves more
    if (sum >> (30 + LEAST_SHIFT) == 0) return LEAST_SHIFT;
    const unsigned sum_bits = 64 - (unsigned)__builtin_clzll(sum);
    return sum_bits - 30;
}

unsigned kws_window_scaled(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]) {
    const unsigned shift = shift_for(samples);
    const int64_t half = (int64_t)1 << (shift - 1);
    for (size_t i = 0; i < KWS_FFT_LENGTH; ++i) {
        const size_t place = 2 * (size_t)kws_bit_reversal[i / 2] + i % 2;
        data[place] =
            i < KWS_WINDOW_SAMPLES ? (int32_t)(((int64_t)samples[i] * kws_window[i] + half) >> shift) : 0;
    }
    return MOST_SHIFT - shift;
}

#endif
