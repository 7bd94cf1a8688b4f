// SPDX-License-Identifier: Apache-2.0
// Tiles in plain C; see tile.h. The other files do the same faster.

#ifndef EARSHOT_KERNELS_TILE_PORTABLE_H_
#define EARSHOT_KERNELS_TILE_PORTABLE_H_

#include "../compiler.h"
#include "fixedpoint.h"
#include "tile_shape.h"

#if !KWS_HAS_DSP && !KWS_HAS_MVE

KWS_BEGIN_CODE

#define KWS_INTERLEAVED 0
#define KWS_COLUMN_LANES 0
#define KWS_LEAVES_OUT_ROWS 1
#define KWS_SMALL_FILTER 9  // weights; a loop around so few would cost more than they do
#ifdef __riscv
#define KWS_HAS_MANY_REGISTERS 1
#define KWS_PORTABLE_TAPS 8  // at a time; fewer would load lanes again that tiles share
#else
#define KWS_HAS_MANY_REGISTERS 0
#define KWS_PORTABLE_TAPS 4  // at a time; more would not leave enough registers
#endif

typedef int16_t kws_lane;

// M0 and M0+ load only what has no sign from a place that the instruction names.
#define KWS_LANE_BIAS (KWS_HAS_SHORT_PRODUCTS ? 128 : 0)

#define KWS_WEIGHTS(a, b, c, d) a, b, c, d

KWS_INLINE void kws_expand(const int8_t* values, kws_lane* lanes, int32_t count) {
    for (int32_t i = 0; i < count; ++i) lanes[i] = (kws_lane)(values[i] + KWS_LANE_BIAS);
}

// One channel of a row of the image; values lie `channels` apart.
KWS_INLINE void kws_expand_channel(const int8_t* values, int32_t channels, kws_lane* lanes, int32_t count) {
    for (; count >= 4; count -= 4, lanes += 4, values += 4 * channels) {
        KWS_UNROLL for (int32_t i = 0; i < 4; ++i) {
            lanes[i] = (kws_lane)(values[i * channels] + KWS_LANE_BIAS);
        }
    }
    for (; count > 0; --count, values += channels) *lanes++ = (kws_lane)(*values + KWS_LANE_BIAS);
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

// KWS_LANE is lane k of position p. KWS_LANES_NOW: lanes are loaded again rather than kept, where there is no
// room.
#if KWS_HAS_SHORT_PRODUCTS
#define KWS_LANE(lanes, p, step, k) (((const uint16_t*)(lanes))[(p) * (step) + (k)])
#define KWS_LANES_REACH 32  // of a load from a place that the instruction names
#else
#define KWS_LANE(lanes, p, step, k) ((lanes)[(p) * (step) + (k)])
#endif
#ifdef __arm__
#define KWS_LANES_NOW(lanes) KWS_NOW(lanes)
#else
#define KWS_LANES_NOW(lanes) ((void)0)
#endif

// KWS_TILE_ADD adds lane * weight to a sum, in its place: GCC would move sums from register to register. It
// also keeps the order: there are not registers enough for products that wait. KWS_TILE_FIRST leaves `start`
// where it is, for the other sums that begin with it. KWS_TILE_ADD_LOW is for the last sum of six.
#if KWS_GNU && !defined(__clang__) && KWS_HAS_SHORT_PRODUCTS
// Sums live in r8 to r12, which can be added to and little else; r0 to r7 are for all the rest, and for the
// sixth sum.
#define KWS_TILE_ADD(sum, lane, weight) __asm__ volatile("add %0, %1" : "+h"(sum) : "l"((lane) * (weight)))
#define KWS_TILE_ADD_LOW(sum, lane, weight) \
    __asm__ volatile("add %0, %1" : "+l"(sum) : "l"((lane) * (weight)))
#define KWS_TILE_FIRST(sum, start, lane, weight) \
    do {                                         \
        (sum) = (start);                         \
        KWS_TILE_ADD(sum, lane, weight);         \
    } while (0)
#elif KWS_GNU && !defined(__clang__) && KWS_HAS_LONG_PRODUCTS
#define KWS_TILE_ADD(sum, lane, weight) \
    __asm__ volatile("mla %0, %1, %2, %0" : "+r"(sum) : "r"((int32_t)(lane)), "r"(weight))
#define KWS_TILE_FIRST(sum, start, lane, weight) \
    __asm__ volatile("mla %0, %1, %2, %3" : "=r"(sum) : "r"((int32_t)(lane)), "r"(weight), "r"(start))
#elif KWS_GNU && !defined(__clang__) && defined(__riscv)
#define KWS_TILE_ADD(sum, lane, weight) \
    __asm__ volatile("add %0, %0, %1" : "+r"(sum) : "r"((lane) * (weight)))
#define KWS_TILE_FIRST(sum, start, lane, weight) \
    __asm__ volatile("add %0, %1, %2" : "=r"(sum) : "r"(start), "r"((lane) * (weight)))
#else
#define KWS_TILE_ADD(sum, lane, weight) KWS_TILE_FIRST(sum, sum, lane, weight)
#define KWS_TILE_FIRST(sum, start, lane, weight)   \
    do {                                           \
        (sum) = kws_add(start, (lane) * (weight)); \
        KWS_NOW(sum);                              \
    } while (0)
#endif

#ifndef KWS_TILE_ADD_LOW
#define KWS_TILE_ADD_LOW(sum, lane, weight) KWS_TILE_ADD(sum, lane, weight)
#endif

// Adds to the sum of a position.
KWS_INLINE void kws_tile_add(int32_t* sums, int32_t position, int32_t lane, int32_t weight,
                             int32_t is_first) {
    int32_t* const sum = &sums[position];
    if (is_first) {
        const int32_t start = *sum;
        KWS_TILE_FIRST(*sum, start, lane, weight);
    } else if (position == KWS_MAX_POSITIONS - 1) {
        KWS_TILE_ADD_LOW(*sum, lane, weight);
    } else {
        KWS_TILE_ADD(*sum, lane, weight);
    }
}

// Adds to each sum the products of `taps` weights and its lanes, taps <= KWS_PORTABLE_TAPS. Where
// tiles overlap, a lane that is loaded serves all positions that it belongs to; but not where a product takes
// the place of its lane.
KWS_INLINE void kws_tile_taps(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                              const int8_t* weights, int32_t taps, int32_t is_first) {
    const int32_t last = (shape.positions - 1) * shape.step + taps;
    int32_t weight[KWS_PORTABLE_TAPS];
    KWS_UNROLL for (int32_t k = 0; k < taps; ++k) weight[k] = weights[k];
#if KWS_HAS_SHORT_PRODUCTS
    KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
        KWS_UNROLL for (int32_t k = 0; k < taps; ++k) {
            const int32_t lane = KWS_LANE(lanes, last <= KWS_LANES_REACH ? p : 0, shape.step, k);
            kws_tile_add(sums, p, lane, weight[k], is_first && k == 0);
        }
        if (last > KWS_LANES_REACH) lanes += shape.step;
        KWS_LANES_NOW(lanes);
    }
#else
    if (shape.step >= taps) {
        KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
            KWS_UNROLL for (int32_t k = 0; k < taps; ++k) {
                const int32_t lane = KWS_LANE(lanes, p, shape.step, k);
                kws_tile_add(sums, p, lane, weight[k], is_first && k == 0);
            }
        }
        return;
    }
    KWS_UNROLL for (int32_t i = 0; i < last; ++i) {
        const int32_t lane = KWS_LANE(lanes, 0, 0, i);
        KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
            const int32_t k = i - p * shape.step;
            if (k < 0 || k >= taps) continue;
            kws_tile_add(sums, p, lane, weight[k], is_first && k == 0);
        }
    }
#endif
}

// Adds one run to the sums.
//
// sums          shape.positions of them
// lanes         of the first position; the next one's are shape.step further on
// weights       KWS_PADDED_RUN(shape.run) of them, in the order of KWS_WEIGHTS
KWS_INLINE void kws_tile_run(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                             const int8_t* weights, int32_t is_first) {
    const int32_t whole = shape.run / KWS_PORTABLE_TAPS * KWS_PORTABLE_TAPS;
    int32_t k = 0;
    if (is_first && whole > 0) {
        kws_tile_taps(sums, shape, lanes, weights, KWS_PORTABLE_TAPS, 1);
        k = KWS_PORTABLE_TAPS;
    }
    KWS_UNROLL_BY(4) for (; k < whole; k += KWS_PORTABLE_TAPS) {
        KWS_LANES_NOW(lanes);
        kws_tile_taps(sums, shape, lanes + k, weights + k, KWS_PORTABLE_TAPS, 0);
    }
#if KWS_HAS_SHORT_PRODUCTS
    if (shape.run == whole) return;  // no products, but steps from lanes to lanes
#endif
    kws_tile_taps(sums, shape, lanes + whole, weights + whole, shape.run - whole, is_first && whole == 0);
}

#if KWS_HAS_SHORT_PRODUCTS
// Of four products of halves: a number is high * 2^16 + low, and low -2^15 to 2^15 - 1.
KWS_APART int32_t kws_scaled(int32_t doubled, int32_t multiplier, int32_t addend) {
    const int32_t low = (int16_t)doubled, by_low = (int16_t)multiplier;
    const int32_t high = ((doubled >> 15) + 1) >> 1, by_high = ((multiplier >> 15) + 1) >> 1;
    const int32_t left = high * by_low;  // times 2^16, as is the rest
    const int32_t rest = low * by_high + (left & 0xFFFF) + ((low * by_low) >> 16) + 0x8000;
    return kws_add(addend, high * by_high + (left >> 16) + (rest >> 16));
}
#else
KWS_INLINE int32_t kws_scaled(int32_t doubled, int32_t multiplier, int32_t addend) {
#if KWS_HAS_LONG_PRODUCTS
    if (!(__builtin_constant_p(addend) && addend == 0)) {  // SMLAL adds what rounds as well
        const int64_t start = (int64_t)(((uint64_t)(uint32_t)addend << 32) + 0x80000000u);
        return (int32_t)((start + (int64_t)doubled * multiplier) >> 32);
    }
#endif
    const int64_t product = (int64_t)doubled * multiplier;
    return kws_add(addend, (int32_t)(product >> 32) + (int32_t)((uint32_t)product >> 31));
}
#endif

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
