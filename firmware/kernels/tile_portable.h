// SPDX-License-Identifier: Apache-2.0
// Tiles in plain C; see tile.h. The other files do the same faster.

#ifndef EARSHOT_KERNELS_TILE_PORTABLE_H_
#define EARSHOT_KERNELS_TILE_PORTABLE_H_

#include "../compiler.h"
#include "fixedpoint.h"
#include "tile_shape.h"

#if !KWS_HAS_DSP && !KWS_HAS_MVE

KWS_BEGIN_CODE

#define KWS_SMALL_FILTER 9   // weights; a loop around so few would cost more than they do
#define KWS_PORTABLE_TAPS 4  // at a time; more would not leave enough registers

typedef int16_t kws_lane;

#define KWS_WEIGHTS(a, b, c, d) a, b, c, d

KWS_INLINE void kws_expand(const int8_t* values, kws_lane* lanes, int32_t count) {
    for (int32_t i = 0; i < count; ++i) lanes[i] = values[i];
}

// One channel of a row of the image; values lie `channels` apart.
KWS_INLINE void kws_expand_channel(const int8_t* values, int32_t channels, kws_lane* lanes, int32_t count) {
    for (; count >= 4; count -= 4, lanes += 4, values += 4 * channels) {
        KWS_UNROLL for (int32_t i = 0; i < 4; ++i) lanes[i] = values[i * channels];
    }
    for (; count > 0; --count, values += channels) *lanes++ = *values;
}

// output        [count]; may be a or b
KWS_INLINE void kws_larger(const int8_t* a, const int8_t* b, int8_t* output, int32_t count) {
    for (int32_t i = 0; i < count; ++i) output[i] = a[i] > b[i] ? a[i] : b[i];
}

KWS_INLINE const int8_t* kws_tile_widen(const int8_t* weights, int16_t* wide, kws_tile_shape shape) {
    (void)wide, (void)shape;
    return weights;
}

KWS_INLINE int32_t kws_tile_is_doubled(kws_tile_shape shape) {
    (void)shape;
    return 0;
}

KWS_INLINE int32_t kws_tile_has_walk(kws_tile_shape shape) {
    (void)shape;
    return 0;
}

KWS_INLINE void kws_tile_walk(int8_t* output, const kws_lane* lanes, const int8_t* weights,
                              const kws_tile_channel* channel, kws_tile_shape shape) {
    (void)output, (void)lanes, (void)weights, (void)channel, (void)shape;
}

KWS_INLINE const char* kws_tile_form(kws_tile_shape shape) {
    (void)shape;
    return "portable: a product at a time";
}

KWS_INLINE int32_t kws_tile_run_bytes(kws_tile_shape shape) { return KWS_PADDED_RUN(shape.run); }

// Adds to each sum the products of `taps` weights and its lanes, taps <= KWS_PORTABLE_TAPS. Where
// tiles overlap, a lane that is loaded serves all positions that it belongs to.
KWS_INLINE void kws_tile_taps(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                              const int8_t* weights, int32_t taps) {
    const int32_t last = (shape.positions - 1) * shape.step + taps;
    int32_t weight[KWS_PORTABLE_TAPS];
    KWS_UNROLL for (int32_t k = 0; k < taps; ++k) weight[k] = weights[k];
    if (shape.step >= taps) {
        KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
            KWS_UNROLL for (int32_t k = 0; k < taps; ++k) sums[p] =
                kws_add(sums[p], lanes[p * shape.step + k] * weight[k]);
            KWS_NOW(sums[p]);
        }
        return;
    }
    KWS_UNROLL for (int32_t i = 0; i < last; ++i) {
        const int32_t lane = lanes[i];
        KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
            const int32_t k = i - p * shape.step;
            if (k < 0 || k >= taps) continue;
            sums[p] = kws_add(sums[p], lane * weight[k]);
            KWS_NOW(sums[p]);
        }
    }
}

// Adds one run to the sums.
//
// sums          shape.positions of them
// lanes         of the first position; the next one's are shape.step further on
// weights       KWS_PADDED_RUN(shape.run) of them, in the order of KWS_WEIGHTS
KWS_INLINE void kws_tile_run(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                             const int8_t* weights, int32_t is_first) {
    (void)is_first;
    const int32_t whole = shape.run / KWS_PORTABLE_TAPS * KWS_PORTABLE_TAPS;
    KWS_UNROLL_BY(4) for (int32_t k = 0; k < whole; k += KWS_PORTABLE_TAPS) {
        kws_tile_taps(sums, shape, lanes + k, weights + k, KWS_PORTABLE_TAPS);
    }
    kws_tile_taps(sums, shape, lanes + whole, weights + whole, shape.run - whole);
}

KWS_INLINE int32_t kws_scaled(int32_t doubled, int32_t multiplier, int32_t addend) {
    const int64_t start = (int64_t)(((uint64_t)(uint32_t)addend << 32) + 0x80000000u);
    return (int32_t)((start + (int64_t)doubled * multiplier) >> 32);
}

// input         count of them, filled up to a multiple of KWS_DOT_TAPS with any values
// weights       [blocks][outputs][KWS_DOT_TAPS], filled up with zeros
// outputs       at most KWS_DOT_OUTPUTS, a constant
KWS_INLINE void kws_dot_some(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t outputs,
                             int32_t count) {
    for (; count > 0; count -= KWS_DOT_TAPS) {
        KWS_UNROLL for (int32_t k = 0; k < KWS_DOT_TAPS; ++k) {
            const int32_t value = input[k];
            KWS_UNROLL for (int32_t i = 0; i < outputs; ++i) {
                sums[i] = kws_add(sums[i], value * weights[i * KWS_DOT_TAPS + k]);
                KWS_NOW(sums[i]);
            }
        }
        input += KWS_DOT_TAPS;
        weights += outputs * KWS_DOT_TAPS;
    }
}

KWS_END_CODE

#endif

#endif  // EARSHOT_KERNELS_TILE_PORTABLE_H_
