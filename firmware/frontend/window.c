// SPDX-License-Identifier: Apache-2.0
#include "window.h"

#include <stddef.h>

#include "../compiler.h"

KWS_BEGIN_CODE

#if !KWS_FRONTEND_MICRO

// How many bits the product of a sample and the window, which is in Q31, may lose.
#define LEAST_SHIFT 1u
#define MOST_SHIFT (31u - KWS_FRACTION_BITS)

#if KWS_DC_BLOCK

#define POINT_BITS 14u  // behind the point of a sample less the mean: the difference of two int16 takes 17

// The mean of the samples, weighted by the window, Q14. Both divisions are exact but for their last bit.
static int32_t mean_of(const int16_t* samples) {
    int64_t sum = 0;
    for (size_t i = 0; i < KWS_WINDOW_SAMPLES; ++i) sum += (int64_t)samples[i] * kws_window[i];
    const int64_t whole = sum / KWS_WINDOW_SUM, rest = sum % KWS_WINDOW_SUM;
    return (int32_t)(whole * (1 << POINT_BITS) + rest * (1 << POINT_BITS) / KWS_WINDOW_SUM);
}

static inline int32_t less_mean(int16_t sample, int32_t mean) { return sample * (1 << POINT_BITS) - mean; }

#else

#define POINT_BITS 0u

static inline int32_t mean_of(const int16_t* samples) {
    (void)samples;
    return 0;
}

static inline int32_t less_mean(int16_t sample, int32_t mean) {
    (void)mean;
    return sample;
}

#endif

#if KWS_FRONTEND_AVERAGE

void kws_window_fixed(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]) {
    const int32_t mean = mean_of(samples);
    for (size_t i = 0; i < KWS_FFT_LENGTH; ++i) {
        const size_t place = 2 * (size_t)kws_bit_reversal[i / 2] + i % 2;
        if (i >= KWS_WINDOW_SAMPLES) {
            data[place] = 0;
            continue;
        }
        const int32_t weight = kws_window[i];  // Q31
        data[place] = (int32_t)(((int64_t)less_mean(samples[i], mean) * weight) >> (MOST_SHIFT + POINT_BITS));
    }
}

#else

// Whole steps of a sample that are at least as many as the value has.
static inline uint32_t magnitude(int32_t value) {
    return ((uint32_t)(value < 0 ? -value : value) + (1u << POINT_BITS) - 1) >> POINT_BITS;
}

// Bits to drop so that the magnitudes of all windowed samples sum up to less than 2^30. Taking the mean off
// does not raise the most that they can sum up to: half as far apart as the lowest and the highest sample.
static unsigned shift_for(const int16_t* samples, int32_t mean) {
    uint64_t sum = 0;
    for (size_t i = 0; i < KWS_WINDOW_SAMPLES; ++i) {
        sum += (uint64_t)magnitude(less_mean(samples[i], mean)) * (uint32_t)kws_window[i];
    }
    sum += sum / 128;  // room for rounding: fraction_bits() in codegen/frontend_tables.py leaves more
    if (sum >> (30 + LEAST_SHIFT) == 0) return LEAST_SHIFT;
    const unsigned sum_bits = 64 - kws_leading_zeros(sum);
    return sum_bits - 30;
}

unsigned kws_window_scaled(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]) {
    const int32_t mean = mean_of(samples);
    const unsigned gained_shift = shift_for(samples, mean), shift = gained_shift + POINT_BITS;
    const int64_t half = (int64_t)1 << (shift - 1);
    for (size_t i = 0; i < KWS_FFT_LENGTH; ++i) {
        const size_t place = 2 * (size_t)kws_bit_reversal[i / 2] + i % 2;
        data[place] = i < KWS_WINDOW_SAMPLES
                          ? (int32_t)(((int64_t)less_mean(samples[i], mean) * kws_window[i] + half) >> shift)
                          : 0;
    }
    return MOST_SHIFT - gained_shift;
}

#endif

#endif

KWS_END_CODE
