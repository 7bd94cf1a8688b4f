// SPDX-License-Identifier: Apache-2.0
#include "bands.h"

#include <stddef.h>

#include "../compiler.h"
#include "products.h"

KWS_BEGIN_CODE

#if !KWS_FRONTEND_AVERAGE && !KWS_FRONTEND_MICRO

static inline uint64_t bin_power(const int32_t* spectrum, size_t bin) {
    uint64_t sum = 0;
    kws_add_square(&sum, spectrum[2 * bin]);
    kws_add_square(&sum, spectrum[2 * bin + 1]);
    return sum >> KWS_HEADROOM_BITS;
}

#endif

#if KWS_FRONTEND_MEL

// A slope lies between the middles of two neighbouring bands: there, one rises and the other
// falls, and what a bin does not give to the one, it gives to the other.
void kws_band_powers(const int32_t spectrum[KWS_FFT_LENGTH + 2], unsigned gained_bits,
                     uint64_t powers[KWS_FEATURE_BINS]) {
    uint64_t risen = 0;
    for (size_t slope = 0; slope <= KWS_FEATURE_BINS; ++slope) {
        uint64_t rising = 0, falling = 0;
        for (size_t bin = kws_slope_start[slope]; bin < kws_slope_start[slope + 1]; ++bin) {
            const uint64_t power = bin_power(spectrum, bin);
            const uint64_t share = kws_share_of(power, kws_rising_share[bin]);
            rising += share;
            falling += power - share;
        }
        if (slope > 0) powers[slope - 1] = (risen + falling) >> (2 * gained_bits);
        risen = rising;
    }
}

#elif !KWS_FRONTEND_AVERAGE && !KWS_FRONTEND_MICRO

void kws_band_powers(const int32_t spectrum[KWS_FFT_LENGTH + 2], unsigned gained_bits,
                     uint64_t powers[KWS_FEATURE_BINS]) {
    for (size_t band = 0; band < KWS_FEATURE_BINS; ++band) {
        const size_t first = kws_group_start[band], end = kws_group_start[band + 1];
        uint64_t sum = 0;
        for (size_t bin = first; bin < end; ++bin) sum += bin_power(spectrum, bin);
        powers[band] = kws_share_of(sum >> (2 * gained_bits), UINT32_MAX / (uint32_t)(end - first));
    }
}

#endif

KWS_END_CODE
