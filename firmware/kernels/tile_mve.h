// SPDX-License-Identifier: Apache-2.0
// Tiles with the vector extension of Armv8.1-M (Helium); see tile.h.

#ifndef EARSHOT_KERNELS_TILE_MVE_H_
#define EARSHOT_KERNELS_TILE_MVE_H_

#include "../compiler.h"
#include "dsp.h"
#include "tile_shape.h"

#if KWS_HAS_MVE

#include <arm_mve.h>
#include <string.h>

KWS_BEGIN_CODE

typedef int8_t kws_lane;

#define KWS_LANE_BIAS 0

#define KWS_WEIGHTS(a, b, c, d) a, b, c, d

#define KWS_VECTOR_LANES 16  // and KWS_DOT_TAPS
#define KWS_INTERLEAVED 0
#define KWS_COLUMN_LANES KWS_VECTOR_LANES
#define KWS_LEAVES_OUT_ROWS 0
#define KWS_HAS_MANY_REGISTERS 0
#define KWS_SMALL_FILTER 9  // weights; a loop around so few would cost more than they do

KWS_INLINE void kws_expand(const int8_t* values, kws_lane* lanes, int32_t count) {
    memcpy(lanes, values, (size_t)count);
}

// Rows of the image into a window that has all of them side by side for one column, then for the next.
//
// rows          of the window, at most 16
// row_lanes     of the image, from one of them to the next
// channels      of the image, a power of two up to 16
// count         lanes of a row; a last vector is moved as a whole
KWS_INLINE void kws_expand_columns(const kws_lane* image, kws_lane* window, int32_t rows, int32_t row_lanes,
                                   int32_t channels, int32_t count) {
    const uint8x16_t lanes = vidupq_n_u8(0, 1),
                     channel = vandq_u8(lanes, vdupq_n_u8((uint8_t)(channels - 1)));
    const uint8x16_t places =
        vsubq_u8(vmulq_n_u8(lanes, (uint8_t)rows), vmulq_n_u8(channel, (uint8_t)(rows - 1)));
    for (; count > 0; count -= KWS_VECTOR_LANES) {
        const kws_lane* from = image;
        kws_lane* to = window;
        for (int32_t left = rows; left > 0; --left, from += row_lanes, to += channels) {
            vstrbq_scatter_offset_s8(to, places, vldrbq_s8(from));
        }
        image += KWS_VECTOR_LANES;
        window += KWS_VECTOR_LANES * rows;
    }
}

// Windows of one channel, of four rows each, whose addresses are multiples of four.
//
// row           of the image, the first of the first window
// row_lanes     to the next row of a window
// passed        to the first row of the next window
// count         lanes of a row, and columns of a window; a last vector is moved as a whole
KWS_INLINE void kws_expand_four_rows(const kws_lane* row, kws_lane* windows, int32_t row_lanes,
                                     int32_t passed, int32_t count, int32_t window_count) {
    // From the last vector to the first: it reaches into the window behind.
    for (int32_t at = (count - 1) / KWS_VECTOR_LANES * KWS_VECTOR_LANES; at >= 0; at -= KWS_VECTOR_LANES) {
        const kws_lane* from = row + at;
        kws_lane* window = windows + at * KWS_DEPTHWISE_ROWS;
        for (int32_t left = window_count; left > 0; --left) {
            int8x16x4_t rows;
            KWS_UNROLL for (int32_t i = 0; i < KWS_DEPTHWISE_ROWS; ++i) {
                rows.val[i] = vldrbq_s8(from + i * row_lanes);
            }
            vst4q_s8(window, rows);
            KWS_NOW(window);  // GCC 12 would count it up by a register in VST4, which cannot
            from += passed;
            window += count * KWS_DEPTHWISE_ROWS;
        }
    }
}

// One channel of some rows of the image.
//
// row_values, row_lanes   from one row to the next
KWS_INLINE void kws_expand_channel_rows(const int8_t* values, int32_t channels, kws_lane* lanes,
                                        int32_t count, int32_t rows, int32_t row_values, int32_t row_lanes) {
    const uint16x8_t places = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)channels);
    for (; count > 0; count -= 8, lanes += 8, values += 8 * channels) {
        const mve_pred16_t there = vctp16q((uint32_t)count);
        const int8_t* from = values;
        kws_lane* to = lanes;
        for (int32_t left = rows; left > 0; --left, from += row_values, to += row_lanes) {
            vstrbq_p_s16(to, vldrbq_gather_offset_z_s16(from, places, there), there);
        }
    }
}

KWS_INLINE void kws_larger(const int8_t* a, const int8_t* b, int8_t* output, int32_t count) {
    for (; count > 0; count -= KWS_VECTOR_LANES) {
        const mve_pred16_t there = vctp8q((uint32_t)count);
        vstrbq_p_s8(output, vmaxq_s8(vldrbq_z_s8(a, there), vldrbq_z_s8(b, there)), there);
        a += KWS_VECTOR_LANES;
        b += KWS_VECTOR_LANES;
        output += KWS_VECTOR_LANES;
    }
}

KWS_INLINE const int8_t* kws_tile_widen(const int8_t* weights, int16_t* wide, kws_tile_shape shape) {
    (void)wide, (void)shape;
    return weights;
}

KWS_INLINE int32_t kws_tile_is_doubled(kws_tile_shape shape) {
    (void)shape;
    return 0;
}

KWS_INLINE int32_t kws_tile_run_bytes(kws_tile_shape shape) { return KWS_PADDED_RUN(shape.run); }

// Positions come from the last to the first where there are many: of one that is first, GCC makes an address
// that is counted up, and copies it for the others.

// Adds the products of up to 16 neighbouring lanes. Loads of lanes may go past the end of the run;
// there the weights are zero, as they are loaded under a predicate.
KWS_INLINE void kws_tile_taps(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                              const int8_t* weights, int32_t taps) {
    if (taps == KWS_VECTOR_LANES / 2) {
        const int16x8_t weight = vldrbq_s16(weights);
        KWS_UNROLL for (int32_t i = shape.positions - 1; i >= 0; --i) {
            const int32_t p = shape.positions > 4 ? i : shape.positions - 1 - i;
            sums[p] = vmladavaq_s16(sums[p], vldrbq_s16(lanes + p * shape.step), weight);
        }
        return;
    }
    if (taps <= KWS_VECTOR_LANES / 4) {
        const int32x4_t weight = vldrbq_s32(weights);
        KWS_UNROLL for (int32_t p = shape.positions - 1; p >= 0; --p) {
            sums[p] = vmladavaq_s32(sums[p], vldrbq_s32(lanes + p * shape.step), weight);
        }
        return;
    }
    const int8x16_t weight =
        taps >= KWS_VECTOR_LANES ? vldrbq_s8(weights) : vldrbq_z_s8(weights, vctp8q((uint32_t)taps));
    KWS_UNROLL for (int32_t p = shape.positions - 1; p >= 0; --p) {
        sums[p] = vmladavaq_s8(sums[p], vldrbq_s8(lanes + p * shape.step), weight);
    }
}

KWS_INLINE void kws_tile_run(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                             const int8_t* weights, int32_t is_first) {
    (void)is_first;
    const int32_t length = KWS_PADDED_RUN(shape.run);
    const int32_t whole = length / KWS_VECTOR_LANES * KWS_VECTOR_LANES;
    for (int32_t k = 0; k < whole; k += KWS_VECTOR_LANES) {
        kws_tile_taps(sums, shape, lanes + k, weights + k, KWS_VECTOR_LANES);
    }
    if (length > whole) kws_tile_taps(sums, shape, lanes + whole, weights + whole, length - whole);
}

KWS_INLINE int32_t kws_scaled(int32_t doubled, int32_t multiplier, int32_t addend) {
    return kws_smmlar(doubled, multiplier, addend);
}

// Vectors of weights in a filter.
KWS_INLINE int32_t kws_tile_vectors(kws_tile_shape shape) {
    if (shape.column_rows > 0)
        return (shape.column_rows * shape.run + KWS_VECTOR_LANES - 1) / KWS_VECTOR_LANES;
    return shape.rows * shape.runs * ((shape.run + KWS_VECTOR_LANES - 1) / KWS_VECTOR_LANES);
}

KWS_INLINE int32_t kws_tile_has_walk(kws_tile_shape shape) {
    const int32_t is_fast = kws_tile_vectors(shape) <= KWS_MOST_HELD || shape.rows == 1;
    return is_fast && shape.positions >= KWS_GROUP && shape.scaling != KWS_SCALING_ANY;
}

KWS_INLINE const char* kws_tile_form(kws_tile_shape shape) {
    if (!kws_tile_has_walk(shape)) return "Helium: weights loaded by each tile";
    if (shape.column_rows > 0)
        return "Helium: columns side by side, weights in registers, four outputs together";
    return kws_tile_vectors(shape) <= KWS_MOST_HELD ? "Helium: weights in registers, four outputs together"
                                                    : "Helium: four outputs together";
}

// What a group takes from its channel. A copy: for all the compiler knows, an output may lie over the
// channel.
typedef struct kws_group_scale {
    int32_t bias, multiplier, shift, zero_point;
} kws_group_scale;

// Four numbers as a vector; GCC would insert them one by one.
KWS_INLINE int32x4_t kws_vector_of(const int32_t* values) {
    int32x4_t vector;
    __asm__(
        "vmov %q0[2], %q0[0], %1, %2\n\t"
        "vmov %q0[3], %q0[1], %3, %4"
        : "=&w"(vector)
        : "r"(values[0]), "r"(values[2]), "r"(values[1]), "r"(values[3]));
    return vector;
}

// The sums of a group, without bias, to int8 in the lowest byte of each.
KWS_INLINE int32x4_t kws_group_outputs(int32x4_t sums, kws_group_scale scale, kws_scaling scaling) {
    int32x4_t values = vqrdmulhq_n_s32(vaddq_n_s32(sums, scale.bias), scale.multiplier);
    if (scaling != KWS_SCALING_RECTIFIED) values = vaddq_s32(values, vshrq_n_s32(values, 31));
    values = vaddq_n_s32(vrshlq_n_s32(values, scale.shift), scale.zero_point);
    // Saturates where the values are; the intrinsics would copy them first.
    __asm__("vqmovnb.s32 %q0, %q0\n\tvqmovnb.s16 %q0, %q0" : "+w"(values));
    return values;
}

// Products of one vector of lanes and one of weights. Loads of lanes may go past the end of a run; there the
// weights are zero.
KWS_INLINE int32_t kws_vector_dot(int32_t sum, const kws_lane* lanes, int8x16_t weights, int32_t is_first) {
    return is_first ? vmladavq_s8(vldrbq_s8(lanes), weights) : vmladavaq_s8(sum, vldrbq_s8(lanes), weights);
}

KWS_INLINE int8x16_t kws_vector_weights(const int8_t* weights, int32_t taps) {
    return taps >= KWS_VECTOR_LANES ? vldrbq_s8(weights) : vldrbq_z_s8(weights, vctp8q((uint32_t)taps));
}

// One vector of a filter in the order of a window, and zeros behind its end.
KWS_INLINE int8x16_t kws_column_weights(const int8_t* weights, kws_tile_shape shape, int32_t vector) {
    const int32_t first = vector * KWS_VECTOR_LANES, column = shape.depth * shape.column_rows;
    const int32_t taps = shape.column_rows * shape.run - first;
    const int32_t has_zeros = shape.run % 4 > 0;  // which fill up runs: what has no tap meets the first
    // Of lane i of the window, its column of the filter, row, and channel.
#define KWS_COLUMN(i) ((first + (i)) / column)
#define KWS_ROW(i) ((first + (i)) / shape.depth % shape.column_rows)
#define KWS_PLACE(i)                                                                       \
    (uint8_t)(has_zeros && ((i) >= taps || KWS_ROW(i) >= shape.rows)                       \
                  ? shape.run                                                              \
                  : KWS_ROW(i) * KWS_PADDED_RUN(shape.run) + KWS_COLUMN(i) * shape.depth + \
                        (first + (i)) % shape.depth)
    const uint8x16_t places = {KWS_PLACE(0),  KWS_PLACE(1),  KWS_PLACE(2),  KWS_PLACE(3),
                               KWS_PLACE(4),  KWS_PLACE(5),  KWS_PLACE(6),  KWS_PLACE(7),
                               KWS_PLACE(8),  KWS_PLACE(9),  KWS_PLACE(10), KWS_PLACE(11),
                               KWS_PLACE(12), KWS_PLACE(13), KWS_PLACE(14), KWS_PLACE(15)};
#undef KWS_PLACE
#undef KWS_ROW
#undef KWS_COLUMN
    if (taps >= KWS_VECTOR_LANES || has_zeros) return vldrbq_gather_offset_s8(weights, places);
    return vldrbq_gather_offset_z_s8(weights, places, vctp8q((uint32_t)taps));
}

// One vector of a run, for a group; passes it. An address for each output: loads reach few bytes beyond
// theirs, and count them up at no cost.
KWS_INLINE void kws_group_pass(int32_t* sums, const kws_lane** lanes, int8x16_t weights, int32_t is_first) {
    KWS_UNROLL for (int32_t p = 0; p < KWS_GROUP; ++p) {
        sums[p] = kws_vector_dot(sums[p], lanes[p], weights, is_first);
        lanes[p] += KWS_VECTOR_LANES;
        KWS_NOW(lanes[p]);
    }
}

// The sums of a group for one run of more than KWS_MOST_HELD vectors, without bias.
KWS_INLINE void kws_group_long_run(int32_t* sums, const kws_lane* lanes, const int8_t* weights,
                                   kws_tile_shape shape) {
    const kws_lane* at[KWS_GROUP];
    KWS_UNROLL for (int32_t p = 0; p < KWS_GROUP; ++p) at[p] = lanes + p * shape.step;
    const int32_t taps = KWS_PADDED_RUN(shape.run) % KWS_VECTOR_LANES;  // of the last vector
    const int8_t* const end = weights + KWS_PADDED_RUN(shape.run) - taps;
    kws_group_pass(sums, at, vldrbq_s8(weights), 1);
    for (weights += KWS_VECTOR_LANES; weights < end; weights += KWS_VECTOR_LANES) {
        kws_group_pass(sums, at, vldrbq_s8(weights), 0);
    }
    if (taps > KWS_VECTOR_LANES / 4) {
        kws_group_pass(sums, at, kws_vector_weights(weights, taps), 0);
    } else if (taps > 0) {  // without a predicate
        const int32x4_t four = vldrbq_s32(weights);
        KWS_UNROLL for (int32_t p = 0; p < KWS_GROUP; ++p) {
            sums[p] = vmladavaq_s32(sums[p], vldrbq_s32(at[p]), four);
        }
    }
}

// The sums of a group, without bias; `held` are the weights, where they are few.
KWS_INLINE void kws_group_sums(int32_t* sums, const kws_lane* lanes, const int8_t* weights,
                               const int8x16_t* held, int32_t row_lanes, kws_tile_shape shape) {
    const int32_t vectors = kws_tile_vectors(shape), per_run = vectors / (shape.rows * shape.runs);
    if (vectors <= KWS_MOST_HELD && shape.rows == 1) {
        // From the last to the first, whose load counts the address up to the next group.
        KWS_UNROLL for (int32_t i = vectors - 1; i >= 0; --i) {
            const int32_t at = i / per_run * shape.spacing + i % per_run * KWS_VECTOR_LANES;
            KWS_UNROLL for (int32_t p = KWS_GROUP - 1; p >= 0; --p) {
                sums[p] = kws_vector_dot(sums[p], lanes + at + p * shape.step, held[i], i == vectors - 1);
            }
        }
        return;
    }
    if (vectors <= KWS_MOST_HELD) {
        KWS_UNROLL for (int32_t i = 0; i < vectors; ++i) {
            const int32_t at = i / per_run % shape.runs * shape.spacing + i % per_run * KWS_VECTOR_LANES;
            KWS_UNROLL for (int32_t p = KWS_GROUP - 1; p >= 0; --p) {
                sums[p] = kws_vector_dot(sums[p], lanes + at + p * shape.step, held[i], i == 0);
            }
            if ((i + 1) % (per_run * shape.runs) == 0) lanes += row_lanes;
        }
        return;
    }
    if (shape.rows == 1 && shape.runs == 1) {
        kws_group_long_run(sums, lanes, weights, shape);
        return;
    }
    kws_tile_shape group = shape;
    group.positions = KWS_GROUP;
    KWS_UNROLL for (int32_t p = 0; p < KWS_GROUP; ++p) sums[p] = 0;
    for (int32_t left = shape.rows; left > 0; --left, lanes += row_lanes) {
        KWS_UNROLL for (int32_t i = 0; i < shape.runs; ++i, weights += KWS_PADDED_RUN(shape.run)) {
            kws_tile_run(sums, group, lanes + i * shape.spacing, weights, 0);
        }
    }
}

// Rows, a group of outputs at a time. The last group of a row may overlap the one before it, whose outputs
// stay the same.
KWS_INLINE void kws_tile_walk(int8_t* output, const kws_lane* lanes, const int8_t* weights,
                              const kws_tile_channel* channel, kws_tile_shape shape) {
    const uint32_t width = (uint32_t)(channel->tiles * shape.positions + shape.last);
    const kws_tile_shape filter = shape;
    if (shape.column_rows > 0) {  // one run
        shape.run *= shape.column_rows;
        shape.step *= shape.column_rows;
        shape.rows = shape.column_rows = 1;
    }
    const int32_t vectors = kws_tile_vectors(shape), per_run = vectors / (shape.rows * shape.runs);
    const int32_t held_count = vectors <= KWS_MOST_HELD ? vectors : 0;
    const int32_t row_lanes = channel->row_lanes, step = channel->output_step;
    const kws_group_scale scale = {channel->bias, channel->multiplier, channel->shift, channel->zero_point};
    const uint32x4_t places = vmulq_n_u32(vidupq_n_u32(0, 1), (uint32_t)step);
    int8x16_t held[KWS_MOST_HELD];
    KWS_UNROLL for (int32_t i = 0; i < held_count; ++i) {
        const int32_t at = i % per_run * KWS_VECTOR_LANES;
        if (filter.column_rows > 0) {
            held[i] = kws_column_weights(weights, filter, i);
            continue;
        }
        held[i] = kws_vector_weights(weights + i / per_run * KWS_PADDED_RUN(shape.run) + at, shape.run - at);
    }
    for (int32_t rows = channel->height; rows > 0; --rows, lanes += channel->height_lanes) {
        const kws_lane* place = lanes;
        uint32_t groups = width / KWS_GROUP;
        int32_t back = (int32_t)(0 - width) & (KWS_GROUP - 1);
        KWS_NOW(back);  // what follows from it would be kept on the stack
        for (;;) {
            do {
                int32_t sums[KWS_GROUP];
                kws_group_sums(sums, place, weights, held, row_lanes, shape);
                const int32x4_t outputs = kws_group_outputs(kws_vector_of(sums), scale, shape.scaling);
                vstrbq_scatter_offset_s32(output, places, outputs);
                place += KWS_GROUP * shape.step;
                output += KWS_GROUP * step;
            } while (--groups != 0);
            if (back == 0) break;
            place -= back * shape.step;
            output -= back * step;
            back = 0;
            groups = 1;
        }
    }
}

KWS_INLINE void kws_dot_some(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t outputs,
                             int32_t count) {
    for (; count > 0; count -= KWS_DOT_TAPS, input += KWS_DOT_TAPS) {
        const int8x16_t values = vldrbq_s8(input);
        KWS_UNROLL for (int32_t i = 0; i < outputs; ++i, weights += KWS_DOT_TAPS) {
            sums[i] = vmladavaq_s8(sums[i], values, vldrbq_s8(weights));
        }
    }
}

KWS_END_CODE

#endif

#endif  // EARSHOT_KERNELS_TILE_MVE_H_
