// SPDX-License-Identifier: Apache-2.0
// The inner loop of convolutions: one channel of a few neighbouring outputs, a tile.
//
// Inputs are copied into scratch memory first, as `lanes` of the width that the core multiplies
// best, with what stands outside of the image filled in. A tile is a number of sums kept in
// registers; each weight that is loaded serves all of them. Which core does it how:
//
//   tile_portable.h   any: int16 lanes, one product at a time. The one to read first
//   tile_dsp.h        Armv7E-M and Armv8-M with DSP: int16 lanes, two products at a time
//   tile_mve.h        Armv8.1-M with Helium: int8 lanes, up to 16 products at a time
//
// All give the same bits: sums of int32 do not depend on the order. Each file defines
//
//   kws_lane                  type of a lane
//   KWS_WEIGHTS(a, b, c, d)   the order in which four weights are stored
//   kws_expand()              int8 values to lanes
//   kws_tile_run()            adds the products of one run of weights to the sums
//   kws_tile_scaled()         sum * multiplier / 2^31, rounded to nearest, halves up, plus an addend
//   kws_larger()              for poolings: of two int8 arrays, place by place, the larger value
//   kws_dot_some()            for layers without tiles: adds the products of several outputs to their sums

#ifndef EARSHOT_KERNELS_TILE_H_
#define EARSHOT_KERNELS_TILE_H_

#include <stdint.h>

#include "../compiler.h"
#include "fixedpoint.h"
#include "tile_dsp.h"
#include "tile_mve.h"
#include "tile_portable.h"
#include "tile_shape.h"

KWS_BEGIN_CODE

// One output channel.
typedef struct kws_tile_channel {
    const int8_t* weights;  // [rows][runs][KWS_PADDED_RUN(run)]
    int32_t row_lanes;      // from one row of taps to the next
    int32_t output_step;    // bytes from one output to the next
    int32_t bias;
    int32_t multiplier, shift;  // see kws_requantize()
    int32_t right;              // -shift; this and the next are not for KWS_SCALING_ANY
    int32_t offset;             // half a step of the output, and the zero point
    int32_t zero_point, activation_min, activation_max;
} kws_tile_channel;

// Adds the products of a whole group of outputs to their sums.
KWS_INLINE void kws_dot(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t count) {
    kws_dot_some(sums, input, weights, KWS_DOT_OUTPUTS, count);
}

// Computes one tile.
//
// output        of the first position
// lanes         what the first tap of the first position meets
typedef void kws_tile(int8_t* output, const kws_lane* lanes, const kws_tile_channel* channel);

// Any scaling; `count` outputs.
void kws_tile_store(const int32_t* sums, int32_t count, int8_t* output, const kws_tile_channel* channel);

KWS_INLINE const int8_t* kws_tile_row(int32_t* sums, const kws_lane* lanes, const int8_t* weights,
                                      kws_tile_shape shape) {
    KWS_UNROLL for (int32_t run = 0; run < shape.runs; ++run) {
        kws_tile_run(sums, shape, lanes + run * shape.spacing, weights);
        weights += KWS_PADDED_RUN(shape.run);
    }
    return weights;
}

// value * multiplier / 2^(31 + right), rounded twice: to nearest, then to nearest with halves away from zero.
//
// value         |value| < 2^30
// right         1..31
// offset        2^(right - 1), and what is to be added to the result, times 2^right
KWS_INLINE int32_t kws_tile_rounded(int32_t value, int32_t multiplier, int right, int32_t offset) {
    const int32_t product = kws_tile_scaled(value, multiplier, 0);
    return (product + (product >> 31) + offset) >> right;
}

// One sum to int8. Rectified, a negative half becomes -128 however it is rounded.
KWS_INLINE int8_t kws_tile_output(int32_t sum, int32_t multiplier, int right, int32_t offset,
                                  kws_scaling scaling) {
    if (scaling == KWS_SCALING_RECTIFIED)
        return kws_saturate(kws_tile_scaled(sum, multiplier, offset) >> right);
    return kws_saturate(kws_tile_rounded(sum, multiplier, right, offset));
}

// The body of a kws_tile. The generated engine has one function for each shape.
KWS_INLINE void kws_tile_compute(int8_t* output, const kws_lane* lanes, const kws_tile_channel* channel,
                                 kws_tile_shape shape) {
    const int8_t* weights = channel->weights;
    const int32_t row_lanes = channel->row_lanes;
    int32_t sums[KWS_MAX_POSITIONS];
    KWS_UNROLL for (int32_t i = 0; i < shape.positions; ++i) sums[i] = channel->bias;
    if (shape.rows * shape.runs * shape.run <= KWS_SMALL_FILTER) {
        KWS_UNROLL for (int32_t row = 0; row < shape.rows; ++row, lanes += row_lanes) {
            weights = kws_tile_row(sums, lanes, weights, shape);
        }
    } else {
        for (int32_t row = shape.rows; row > 0; --row, lanes += row_lanes) {
            weights = kws_tile_row(sums, lanes, weights, shape);
        }
    }
    if (shape.scaling == KWS_SCALING_ANY) {
        int32_t copy[KWS_MAX_POSITIONS];  // only here do the sums leave their registers
        KWS_UNROLL for (int32_t i = 0; i < shape.positions; ++i) copy[i] = sums[i];
        kws_tile_store(copy, shape.positions, output, channel);
        return;
    }
    // Copies: for all the compiler knows, an output may lie over the channel.
    const int32_t multiplier = channel->multiplier, offset = channel->offset, step = channel->output_step;
    const int right = (int)channel->right;
    KWS_UNROLL for (int32_t i = 0; i < shape.positions; ++i, output += step) {
        *output = kws_tile_output(sums[i], multiplier, right, offset, shape.scaling);
    }
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_TILE_H_
