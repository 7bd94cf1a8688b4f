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
//   KWS_LANE_BIAS             what a lane is more than the value that it stands for
//   KWS_INTERLEAVED           positions of a 1x1 convolution that lie side by side; 0 where none do
//   KWS_COLUMN_LANES          that kws_expand_columns() moves at a time; 0 where there is none
//   KWS_LEAVES_OUT_ROWS       whether a row of taps outside of the image costs more than to leave it out
//   KWS_HAS_MANY_REGISTERS    whether two tiles of KWS_MAX_POSITIONS fit into them
//   KWS_WEIGHTS(a, b, c, d)   the order in which four weights are stored
//   kws_expand()              int8 values to lanes
//   kws_expand_channel()      the same, one channel of a row; with KWS_COLUMN_LANES of some rows,
//                             kws_expand_channel_rows()
//   kws_expand_interleaved()  the same of positions, side by side; with KWS_INTERLEAVED alone, as is
//   kws_tile_run_interleaved()
//   kws_expand_columns()      rows of lanes, column by column; with KWS_COLUMN_LANES alone, as is
//   kws_expand_four_rows()    the same for a depthwise convolution
//   kws_tile_widen()          the weights of a channel in the form in which all its tiles read them
//   kws_tile_is_doubled()     whether that form makes sums twice as large
//   kws_tile_run()            adds the products of one run of weights to the sums; the first finds all the
//                             same
//   kws_tile_has_walk()       whether kws_tile_walk() computes a channel in a way of its own
//   kws_tile_form()           which way that is, in words, for people who measure
//   kws_scaled()              half of value * multiplier / 2^31, rounded to nearest, halves up, plus an
//                             addend
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

// Adds the products of a whole group of outputs to their sums.
KWS_INLINE void kws_dot(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t count) {
    kws_dot_some(sums, input, weights, KWS_DOT_OUTPUTS, count);
}

// Computes one channel.
//
// output        of the first position of the first row
// lanes         what the first tap of that position meets
typedef void kws_tile(int8_t* output, const kws_lane* lanes, const kws_tile_channel* channel);

// Any scaling; `count` outputs.
void kws_tile_store(const int32_t* sums, int32_t count, int8_t* output, const kws_tile_channel* channel);

KWS_INLINE const int8_t* kws_tile_row(int32_t* sums, const kws_lane* lanes, const int8_t* weights,
                                      kws_tile_shape shape, int32_t is_first) {
    KWS_UNROLL for (int32_t run = 0; run < shape.runs; ++run) {
        kws_tile_run(sums, shape, lanes + run * shape.spacing, weights, is_first && run == 0);
        weights += kws_tile_run_bytes(shape);
    }
    return weights;
}

// doubled / 2 * multiplier / 2^(31 + right), rounded twice: to nearest, then to nearest with halves away from
// zero.
//
// doubled       less than 2^31
// right         1..31
// offset        2^(right - 1), and what is to be added to the result, times 2^right
KWS_INLINE int32_t kws_rounded(int32_t doubled, int32_t multiplier, int right, int32_t offset) {
    const int32_t product = kws_scaled(doubled, multiplier, 0);
    return (product + (product >> 31) + offset) >> right;
}

// One sum to int8. Rectified, a negative half becomes -128 however it is rounded.
KWS_INLINE int8_t kws_tile_output(int32_t doubled, int32_t multiplier, int right, int32_t offset,
                                  kws_scaling scaling) {
#if !KWS_HAS_SATURATION
    if (scaling == KWS_SCALING_RECTIFIED && doubled <= 0) return INT8_MIN;  // half of them need no product
#endif
    if (scaling == KWS_SCALING_RECTIFIED)
        return kws_saturate(kws_scaled(doubled, multiplier, offset) >> right);
    return kws_saturate(kws_rounded(doubled, multiplier, right, offset));
}

// Outputs of one tile: `count` of them, whose sums may be doubled.
KWS_INLINE void kws_tile_write(int8_t* output, const int32_t* sums, const kws_tile_channel* channel,
                               kws_tile_shape shape) {
    if (shape.scaling == KWS_SCALING_ANY) {
        int32_t copy[2 * KWS_MAX_POSITIONS];  // only here do the sums leave their registers
        KWS_UNROLL for (int32_t i = 0; i < shape.positions; ++i) copy[i] = sums[i];
        kws_tile_store(copy, shape.positions, output, channel);
        return;
    }
    // Copies: for all the compiler knows, an output may lie over the channel.
    const int32_t multiplier = channel->multiplier, offset = channel->offset, step = channel->output_step;
    const int right = (int)channel->right;
    KWS_UNROLL for (int32_t i = 0; i < shape.positions; ++i) {
        const int32_t doubled = kws_tile_is_doubled(shape) ? sums[i] : 2 * sums[i];
        output[i * step] = kws_tile_output(doubled, multiplier, right, offset, shape.scaling);
    }
}

// One tile.
//
// weights       as kws_tile_widen() returned them
KWS_INLINE void kws_tile_compute_one(int8_t* output, const kws_lane* lanes, const int8_t* weights,
                                     const kws_tile_channel* channel, kws_tile_shape shape) {
#if defined(__arm__) && !defined(__clang__)
    // What all tiles have in common is loaded by each: GCC would keep it in registers that there are not.
    KWS_NOW(weights);
    KWS_NOW(channel);
#endif
    const int32_t row_lanes = KWS_INTERLEAVED && shape.row_lanes ? shape.row_lanes : channel->row_lanes;
    const int32_t bias = kws_tile_is_doubled(shape) ? 2 * channel->bias : channel->bias;
    int32_t sums[2 * KWS_MAX_POSITIONS];
    KWS_UNROLL for (int32_t i = 0; i < shape.positions; ++i) sums[i] = bias;
    const int32_t is_short = KWS_INTERLEAVED && shape.is_widened && kws_tile_has_neighbours(shape);
    if (is_short || !KWS_HAS_ROW_LOOP(shape.rows, shape.rows * shape.runs * shape.run)) {
        KWS_UNROLL for (int32_t row = 0; row < shape.rows; ++row, lanes += row_lanes) {
            weights = kws_tile_row(sums, lanes, weights, shape, row == 0);
        }
    } else {
        const int32_t rows = KWS_LEAVES_OUT_ROWS ? channel->rows : shape.rows;
        const int8_t* const end = weights + rows * shape.runs * kws_tile_run_bytes(shape);
        for (; weights < end; lanes += row_lanes) {
            weights = kws_tile_row(sums, lanes, weights, shape, 0);
        }
    }
    kws_tile_write(output, sums, channel, shape);
}

#if KWS_INTERLEAVED
// One channel of a 1x1 convolution whose positions kws_expand_interleaved() left side by side; rows are
// neighbours as well. The weights are widened, in channel->wide.
KWS_INLINE void kws_tile_compute_interleaved(int8_t* output, const kws_lane* lanes,
                                             const kws_tile_channel* channel, kws_tile_shape shape) {
    // From memory where it is needed: GCC would keep it in a register that weights need.
    const kws_tile_channel* volatile const kept = channel;
    const int32_t width = channel->tiles * shape.positions + shape.last;
    shape.positions = KWS_INTERLEAVED;
    for (int32_t left = channel->height * width;;) {
        int32_t sums[KWS_INTERLEAVED];
        lanes = kws_tile_run_interleaved(sums, lanes, kept, shape);
        const kws_tile_channel* const of_outputs = kept;
        const int32_t step = of_outputs->output_step;
        kws_tile_write(output, sums, of_outputs, shape);
        left -= KWS_INTERLEAVED;
        if (left >= KWS_INTERLEAVED) {
            output += KWS_INTERLEAVED * step;
        } else if (left > 0) {
            output += left * step;
        } else {
            return;
        }
    }
}
#endif

#if KWS_INTERLEAVED
// The lanes that KWS_INTERLEAVED positions meet: the first pair of each, then the second, and so on. A lane
// that a row leaves over is in a pair with that of the next row; what is beside that of the last row has no
// weight.
KWS_INLINE void kws_tile_gather(const kws_lane* lanes, kws_lane* gathered, int32_t row_lanes,
                                kws_tile_shape shape) {
    const int32_t whole = shape.run / 2;
    KWS_UNROLL for (int32_t row = 0; row < shape.rows; ++row, lanes += row_lanes) {
        KWS_UNROLL for (int32_t k = 0; k < whole; k += 2) {
            const kws_lane* from = lanes + 2 * k;
            if (shape.step == 2) {  // a position begins where the pair after the first of the last one is
                gathered = kws_copy_fives(from, gathered, k + 1 < whole ? 2 : 1);
                continue;
            }
            for (int32_t p = 0; p < KWS_INTERLEAVED; ++p, from += shape.step, gathered += 2) {
                const kws_words two = kws_load_some_words(from, whole - k, shape.step % 2 == 0);
                kws_store_word(gathered, two.low);
                if (k + 1 < whole) kws_store_word(gathered + 2 * KWS_INTERLEAVED, two.high);
            }
            if (k + 1 < whole) gathered += 2 * KWS_INTERLEAVED;
        }
        if (shape.run % 2 == 0 || (row % 2 == 0 && row + 1 < shape.rows)) continue;
        const kws_lane* last = lanes + shape.run - 1;
        const kws_lane* before = row % 2 ? last - row_lanes : last;
        KWS_UNROLL for (int32_t p = 0; p < KWS_INTERLEAVED; ++p, gathered += 2) {
            const uint32_t first = kws_load_word(before + p * shape.step);
            const uint32_t second = kws_load_word(last + p * shape.step);
            kws_store_word(gathered, row % 2 ? kws_low_halves(first, second) : first);
        }
    }
}

// The sums of one channel. Returns where its values go on behind the weights.
//
// values        bias and weights of kws_conv_params.gathered
KWS_INLINE const int16_t* kws_tile_run_gathered(int32_t* sums, const kws_lane* lanes, const int16_t* values,
                                                kws_tile_shape shape) {
    const int32_t pairs = (shape.rows * shape.run + 1) / 2;
    if (kws_tile_has_neighbours(shape)) {
        const int32_t bias = (int32_t)kws_next_word(&values);
        KWS_UNROLL for (int32_t k = 0; k < pairs; k += 2) {
            kws_add_ten_products(sums, lanes, kws_next_words(&values), bias, k == 0);
            lanes += (k + 2) % (shape.run / 2) ? 4 : shape.row_lanes - shape.run + 4;
            KWS_NOW(lanes);  // GCC would keep each address, on the stack
        }
        return values;
    }
    kws_words two = kws_next_words(&values);
    lanes = kws_add_five_products(sums, lanes, two.high, (int32_t)two.low, 1);
    KWS_UNROLL for (int32_t k = 1; k < pairs; k += 2) {
        if (k + 1 < pairs) {
            two = kws_next_words(&values);
        } else {
            two.low = kws_next_word(&values);
        }
        lanes = kws_add_five_products(sums, lanes, two.low, 0, 0);
        if (k + 1 < pairs) lanes = kws_add_five_products(sums, lanes, two.high, 0, 0);
    }
    return values;
}

// All channels of a tile.
//
// lanes         as kws_tile_gather() left them
KWS_INLINE void kws_tile_compute_channels(int8_t* output, const kws_lane* lanes,
                                          const kws_tile_channel* channel, kws_tile_shape shape) {
    const volatile int32_t kept_step = channel->output_step;  // not in a register, as above
    const int32_t pairs = (shape.rows * shape.run + 1) / 2;
    const int16_t* values = (const int16_t*)channel->weights;
    const int16_t* const end = values + 2 * (pairs + 4) * channel->output_step;
    for (; values < end; ++output) {
        int32_t sums[KWS_INTERLEAVED];
        values = kws_tile_run_gathered(sums, lanes, values, shape);
        const kws_words scale = kws_next_words(&values);
        const int right = (int)kws_next_word(&values);
        const int32_t step = kept_step;
        KWS_NOW(output);  // GCC would keep an address for each position, on the stack
        KWS_UNROLL for (int32_t i = 0; i < KWS_INTERLEAVED; ++i) {
            output[i * step] =
                kws_tile_output(sums[i], (int32_t)scale.low, right, (int32_t)scale.high, shape.scaling);
        }
    }
}

// All channels of some rows of outputs. The last tile of a row may overlap the one before it.
KWS_INLINE void kws_tile_compute_gathered(int8_t* output, const kws_lane* lanes,
                                          const kws_tile_channel* channel, kws_tile_shape shape) {
    const int32_t width = channel->tiles * shape.positions + shape.last;
    for (int32_t rows = channel->height; rows > 0; --rows, lanes += channel->height_lanes) {
        const kws_lane* place = lanes;
        for (int32_t left = width; left > 0;) {
            if (kws_tile_has_neighbours(shape)) {
                kws_tile_compute_channels(output, place, channel, shape);
            } else {
                kws_tile_gather(place, channel->wide, channel->row_lanes, shape);
                kws_tile_compute_channels(output, channel->wide, channel, shape);
            }
            left -= KWS_INTERLEAVED;
            const int32_t passed = 0 < left && left < KWS_INTERLEAVED ? left : KWS_INTERLEAVED;
            output += passed * channel->output_step;
            place += passed * shape.step;
        }
    }
}
#endif

// Whether two tiles are computed as one: where they have lanes in common and there are registers enough.
KWS_INLINE int32_t kws_tile_has_pairs(kws_tile_shape shape) {
    return KWS_HAS_MANY_REGISTERS && shape.step < shape.run &&
           KWS_HAS_ROW_LOOP(shape.rows, shape.rows * shape.runs * shape.run);
}

// The body of a kws_tile. The generated engine has one function for each shape.
KWS_INLINE void kws_tile_compute(int8_t* output, const kws_lane* lanes, const kws_tile_channel* channel,
                                 kws_tile_shape shape) {
#if KWS_INTERLEAVED
    if (shape.is_gathered) {
        kws_tile_compute_gathered(output, lanes, channel, shape);
        return;
    }
#endif
    const int8_t* const weights = kws_tile_widen(channel->weights, channel->wide, shape);
    if (kws_tile_has_walk(shape)) {
        kws_tile_walk(output, lanes, weights, channel, shape);
        return;
    }
#if KWS_INTERLEAVED
    if (shape.is_interleaved) {
        kws_tile_compute_interleaved(output, lanes, channel, shape);
        return;
    }
#endif
    const int32_t at_once = kws_tile_has_pairs(shape) ? 2 : 1;
    kws_tile_shape whole = shape, one = shape, last = shape;
    whole.positions = at_once * shape.positions;
    one.positions = shape.positions + shape.last;
    last.positions = shape.last;
    const int32_t whole_bytes = whole.positions * channel->output_step;
    if (shape.tile_step == 0) {  // one tile in each row: in a loop, GCC would keep addresses of all its lanes
        for (int32_t rows = channel->height; rows > 0; --rows, lanes += channel->height_lanes) {
            kws_tile_compute_one(output, lanes, weights, channel, shape);
            output += shape.positions * channel->output_step;
        }
        return;
    }
    for (int32_t rows = channel->height; rows > 0; --rows, lanes += channel->height_lanes) {
        const kws_lane* place = lanes;
        int32_t left = channel->tiles;
        for (; left >= at_once; left -= at_once) {
            kws_tile_compute_one(output, place, weights, channel, whole);
            output += whole_bytes;
            place += at_once * shape.tile_step;
        }
        if (left > 0) {  // of a pair
            kws_tile_compute_one(output, place, weights, channel, one);
            output += one.positions * channel->output_step;
        } else if (shape.last > 0) {
            kws_tile_compute_one(output, place, weights, channel, last);
            output += shape.last * channel->output_step;
        }
    }
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_TILE_H_
