// SPDX-License-Identifier: Apache-2.0
// Tiles with the DSP extension of Armv7E-M and Armv8-M: SMLAD does two products at a time; see tile.h.

#ifndef EARSHOT_KERNELS_TILE_DSP_H_
#define EARSHOT_KERNELS_TILE_DSP_H_

#include "../compiler.h"
#include "dsp.h"
#include "tile_shape.h"

#if KWS_HAS_DSP && !KWS_HAS_MVE

KWS_BEGIN_CODE

typedef int16_t kws_lane;

// Bytes 0 and 2 of a word are widened to one pair, 1 and 3 to the next: stored like this, the
// pairs come out in the order of the lanes.
#define KWS_WEIGHTS(a, b, c, d) a, c, b, d

#define KWS_LOAD_WORDS_REACH 1020  // bytes, of LDRD

KWS_INLINE void kws_expand(const int8_t* values, kws_lane* lanes, int32_t count) {
    for (; count >= 4; count -= 4, values += 4, lanes += 4) {
        const uint32_t four = kws_load_word(values);
        const uint32_t even = kws_sxtb16(four), odd = kws_sxtb16_odd(four);
        kws_store_word(lanes, kws_low_halves(even, odd));
        kws_store_word(lanes + 2, kws_high_halves(even, odd));
    }
    for (; count > 0; --count) *lanes++ = *values++;
}

KWS_INLINE void kws_larger(const int8_t* a, const int8_t* b, int8_t* output, int32_t count) {
    for (; count >= 4; count -= 4, a += 4, b += 4, output += 4) {
        kws_store_word(output, kws_larger_bytes(kws_load_word(a), kws_load_word(b)));
    }
    for (; count > 0; --count, ++a, ++b) *output++ = *a > *b ? *a : *b;
}

// `pairs` pairs of weights meet as many pairs of lanes of each position. A pair that several
// positions have in common is loaded once.
KWS_INLINE void kws_tile_shared(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                                const uint32_t* weights, int32_t pairs) {
    KWS_UNROLL for (int32_t i = 0; i < (shape.positions - 1) * shape.step + 2 * pairs; ++i) {
        const uint32_t pair = kws_load_word(lanes + i);  // which costs nothing where no position needs it
        KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
            const int32_t k = i - p * shape.step;
            if (0 <= k && k < 2 * pairs && k % 2 == 0) sums[p] = kws_smlad(pair, weights[k / 2], sums[p]);
        }
    }
}

// The same for two pairs that no two positions have in common.
KWS_INLINE void kws_tile_apart(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                               const uint32_t* weights) {
    // Rows begin at words, so all that is added to their lanes must be even.
    const int32_t is_aligned = (shape.step | shape.spacing | shape.group) % 2 == 0;
    const int32_t reach = (shape.positions - 1) * shape.step * (int32_t)sizeof *lanes;
    KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
        kws_words four;
        if (is_aligned && reach <= KWS_LOAD_WORDS_REACH) {
            four = kws_load_words(lanes + p * shape.step);
        } else {
            four.low = kws_load_word(lanes + p * shape.step);
            four.high = kws_load_word(lanes + p * shape.step + 2);
        }
        sums[p] = kws_smlad(four.low, weights[0], sums[p]);
        sums[p] = kws_smlad(four.high, weights[1], sums[p]);
    }
}

// Adds four or eight products to each sum; the last ones may be less than four, filled up with zeros.
KWS_INLINE void kws_tile_taps(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                              const int8_t* weights, int32_t taps) {
    uint32_t pairs[4];
    KWS_UNROLL for (int32_t k = 0; k < KWS_PADDED_RUN(taps) / 2; k += 2) {
        const uint32_t four = kws_load_word(weights + 2 * k);
        pairs[k] = kws_sxtb16(four);
        pairs[k + 1] = kws_sxtb16_odd(four);
    }
    if (shape.step < taps) {
        kws_tile_shared(sums, shape, lanes, pairs, (taps + 1) / 2);
    } else {
        KWS_UNROLL for (int32_t k = 0; k < taps; k += 4) {
            kws_tile_apart(sums, shape, lanes + k, pairs + k / 2);
        }
    }
}

KWS_INLINE void kws_tile_run(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                             const int8_t* weights) {
    const int32_t length = shape.run;
    int32_t k = 0;
    if (shape.step <= 2) {  // the longer the group, the more is shared
        for (; k + 4 < length; k += 8) {
            kws_tile_taps(sums, shape, lanes + k, weights + k, length - k < 8 ? length - k : 8);
        }
    }
    KWS_UNROLL for (; k < length; k += 4) {
        kws_tile_taps(sums, shape, lanes + k, weights + k, length - k < 4 ? length - k : 4);
    }
}

KWS_INLINE int32_t kws_tile_scaled(int32_t sum, int32_t multiplier, int32_t addend) {
    return kws_smmlar(2 * sum, multiplier, addend);  // which divides by 2^32
}

KWS_INLINE void kws_dot_some(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t outputs,
                             int32_t count) {
    for (; count > 0; count -= KWS_DOT_TAPS) {
        KWS_UNROLL for (int32_t k = 0; k < KWS_DOT_TAPS; k += 4) {
            const uint32_t values = kws_load_word(input + k);
            const uint32_t even = kws_sxtb16(values), odd = kws_sxtb16_odd(values);
            KWS_UNROLL for (int32_t i = 0; i < outputs; ++i) {
                const uint32_t four = kws_load_word(weights + i * KWS_DOT_TAPS + k);
                sums[i] = kws_smlad(even, kws_sxtb16(four), sums[i]);
                sums[i] = kws_smlad(odd, kws_sxtb16_odd(four), sums[i]);
            }
        }
        input += KWS_DOT_TAPS;
        weights += outputs * KWS_DOT_TAPS;
    }
}

KWS_END_CODE

#endif

#endif  // EARSHOT_KERNELS_TILE_DSP_H_
