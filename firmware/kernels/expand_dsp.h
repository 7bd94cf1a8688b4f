// SPDX-License-Identifier: Apache-2.0
// How images become lanes of cores with DSP; see tile_dsp.h.

#ifndef EARSHOT_KERNELS_EXPAND_DSP_H_
#define EARSHOT_KERNELS_EXPAND_DSP_H_

#include "../compiler.h"
#include "dsp.h"

#if KWS_HAS_DSP && !KWS_HAS_MVE

KWS_BEGIN_CODE

typedef int16_t kws_lane;

#define KWS_INTERLEAVED 5  // their sums, and a pair of lanes of each, leave registers for the rest

KWS_INLINE void kws_expand(const int8_t* values, kws_lane* lanes, int32_t count) {
    const int32_t is_aligned = ((uintptr_t)lanes & 3u) == 0;
    for (; count >= 8 && is_aligned; count -= 8, values += 8, lanes += 8) {
        KWS_UNROLL for (int32_t i = 0; i < 8; i += 4) {
            const uint32_t four = kws_load_word(values + i);
            const uint32_t even = kws_sxtb16(four), odd = kws_sxtb16_odd(four);
            kws_store_words(lanes + i, kws_low_halves(even, odd), kws_high_halves(even, odd));
        }
    }
    for (; count >= 4; count -= 4, values += 4, lanes += 4) {
        const uint32_t four = kws_load_word(values);
        const uint32_t even = kws_sxtb16(four), odd = kws_sxtb16_odd(four);
        kws_store_word(lanes, kws_low_halves(even, odd));
        kws_store_word(lanes + 2, kws_high_halves(even, odd));
    }
    for (; count > 0; --count) *lanes++ = *values++;
}

// Positions of a 1x1 convolution in tiles of KWS_INTERLEAVED: the first pair of lanes of each position, then
// the second of each, and so on. The last tile may overlap the one before it.
//
// positions     at least KWS_INTERLEAVED
// channels      a multiple of four
KWS_INLINE void kws_expand_interleaved(const int8_t* values, kws_lane* lanes, int32_t positions,
                                       int32_t channels) {
    for (;;) {
        for (int32_t p = 0; p < KWS_INTERLEAVED; ++p) {
            kws_lane* to = lanes + 2 * p;
            const int8_t* const end = values + channels;
            KWS_UNROLL_BY(2) for (; values < end; values += 4) {
                const uint32_t four = kws_load_word(values);
                const uint32_t even = kws_sxtb16(four), odd = kws_sxtb16_odd(four);
                kws_store_word(to, kws_low_halves(even, odd));
                kws_store_word(to + 2 * KWS_INTERLEAVED, kws_high_halves(even, odd));
                to += 4 * KWS_INTERLEAVED;
            }
        }
        positions -= KWS_INTERLEAVED;
        if (positions <= 0) return;
        if (positions < KWS_INTERLEAVED) values -= (KWS_INTERLEAVED - positions) * channels;
        lanes += KWS_INTERLEAVED * channels;
    }
}

// One channel of a row of the image; values lie `channels` apart.
KWS_INLINE void kws_expand_channel(const int8_t* values, int32_t channels, kws_lane* lanes, int32_t count) {
    for (; count >= 4; count -= 4, lanes += 4, values += 4 * channels) {
        KWS_UNROLL for (int32_t i = 0; i < 4; ++i) lanes[i] = values[i * channels];
    }
    for (; count > 0; --count, values += channels) *lanes++ = *values;
}

// Four neighbouring channels of a row of the image, each to a plane of its own.
KWS_INLINE void kws_expand_four_channels(const int8_t* values, int32_t channels, kws_lane* lanes,
                                         int32_t plane_lanes, int32_t count) {
    for (; count >= 2; count -= 2, lanes += 2, values += 2 * channels) {
        const uint32_t a = kws_load_word(values), b = kws_load_word(values + channels);
        const uint32_t low = kws_low_halves(a, b), high = kws_high_halves(a, b);
        kws_store_word(lanes, kws_sxtb16(low));
        kws_store_word(lanes + plane_lanes, kws_sxtb16_odd(low));
        kws_store_word(lanes + 2 * plane_lanes, kws_sxtb16(high));
        kws_store_word(lanes + 3 * plane_lanes, kws_sxtb16_odd(high));
    }
    if (count == 0) return;
    KWS_UNROLL for (int32_t i = 0; i < 4; ++i) lanes[i * plane_lanes] = values[i];
}

KWS_END_CODE

#endif

#endif  // EARSHOT_KERNELS_EXPAND_DSP_H_
