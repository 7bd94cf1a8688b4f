// SPDX-License-Identifier: Apache-2.0
#include "compress.h"

#include <stddef.h>

#include "../compiler.h"
#include "bands.h"
#include "products.h"

KWS_BEGIN_CODE

#if !KWS_FRONTEND_AVERAGE && !KWS_FRONTEND_MICRO

// A feature: how many of the 255 thresholds, which are exact, are not above the value; by halving.
static inline uint8_t feature_of(kws_threshold value) {
    size_t count = 0;
    for (size_t half = 128; half > 0; half /= 2) {
        if (value >= kws_thresholds[count + half - 1]) count += half;
    }
    return (uint8_t)count;
}

#endif

#if KWS_FRONTEND_PCAN

// Binary logarithm in Q24 of a value of at least 1, by a straight line in each 256th of an octave.
static int32_t log2_q24(uint64_t value) {
    const unsigned leading_zeros = kws_leading_zeros(value);
    const uint32_t mantissa = (uint32_t)((value << leading_zeros) >> 32);  // Q31, from 1 to less than 2
    const size_t index = (mantissa >> 23) & 0xff;
    const int32_t fraction = mantissa & 0x7fffff;  // Q23
    const int32_t low = kws_log2[index], high = kws_log2[index + 1];
    return ((int32_t)(63 - leading_zeros) << 24) + low + (int32_t)(((int64_t)(high - low) * fraction) >> 23);
}

void kws_compress(const uint64_t powers[KWS_FEATURE_BINS], uint64_t levels[KWS_FEATURE_BINS],
                  uint8_t row[KWS_FEATURE_BINS]) {
    for (size_t band = 0; band < KWS_FEATURE_BINS; ++band) {
        const uint64_t power = powers[band];
        levels[band] += kws_share_of(power, KWS_LEVEL_SHARE) - kws_share_of(levels[band], KWS_LEVEL_SHARE);
        const int32_t level = log2_q24(levels[band] + KWS_LEVEL_FLOOR);
        const int32_t gain = (int32_t)(((int64_t)level * KWS_GAIN_STRENGTH) >> 31);
        row[band] = power == 0 ? 0 : feature_of(log2_q24(power) - gain);
    }
}

#elif !KWS_FRONTEND_AVERAGE && !KWS_FRONTEND_MICRO

void kws_compress(const uint64_t powers[KWS_FEATURE_BINS], uint8_t row[KWS_FEATURE_BINS]) {
    for (size_t band = 0; band < KWS_FEATURE_BINS; ++band) row[band] = feature_of(powers[band]);
}

#endif

KWS_END_CODE
