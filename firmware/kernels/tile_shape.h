// SPDX-License-Identifier: Apache-2.0
// The shape of a tile, its channel, and what all cores agree on; see tile.h.

#ifndef EARSHOT_KERNELS_TILE_SHAPE_H_
#define EARSHOT_KERNELS_TILE_SHAPE_H_

#include <stdint.h>

#include "../compiler.h"

// Runs of weights are filled up with zeros to a multiple of four.
#define KWS_PADDED_RUN(length) (((length) + 3) / 4 * 4)

#define KWS_MAX_POSITIONS 6

// The bias of an output, less what the bias of lanes adds to its sum.
#define KWS_BIAS(bias, sum_of_weights) \
    ((int32_t)((uint32_t)(bias) - (uint32_t)KWS_LANE_BIAS * (uint32_t)(sum_of_weights)))

// Layers without tiles take this many outputs at a time, and of each so many weights side by side.
#define KWS_DOT_OUTPUTS 4
#define KWS_DOT_TAPS 16

// With Helium.
#define KWS_GROUP 4           // outputs that become int8 together
#define KWS_MOST_HELD 5       // vectors of weights that stay in registers while positions go by
#define KWS_DEPTHWISE_ROWS 4  // in a column; those that a filter does not have meet zeros

// How a sum becomes an output.
#define KWS_LEAST_PLAIN_SHIFT (-20)

typedef enum kws_scaling {
    KWS_SCALING_ANY,        // as kws_requantize() does it
    KWS_SCALING_PLAIN,      // |sums| < 2^30, shifts are -20..-1, and the activation lets all of int8 through
    KWS_SCALING_RECTIFIED,  // that, and the zero point is -128: what is negative becomes -128
} kws_scaling;

// Whether the rows of taps of a filter are gone through in a loop.
#define KWS_HAS_ROW_LOOP(rows, taps) ((rows) > 1 && (taps) > KWS_SMALL_FILTER)

// What the compiler must know to keep a tile in registers; constants at every call.
typedef struct kws_tile_shape {
    int32_t positions;   // outputs in a tile, at most KWS_MAX_POSITIONS
    int32_t last;        // in the last tile of a row; 0 if it is like the others
    int32_t step;        // lanes from the inputs of one position to those of the next
    int32_t tile_step;   // lanes from one tile of a row to the next; 0 if there is one
    int32_t rows;        // of a filter
    int32_t runs;        // of weights that meet neighbouring lanes, in one row of a filter
    int32_t run;         // weights in each of them
    int32_t spacing;     // lanes from one to the next
    int32_t group;       // lanes from where one group of channels begins to the next; 0 if there is one
    int32_t row_lanes;   // from one row of taps to the next, if a core with KWS_INTERLEAVED is to know; or 0
    int32_t is_widened;  // whether there is room for the weights of a channel as kws_tile_widen() leaves them
    int32_t
        is_interleaved;  // whether cores with KWS_INTERLEAVED find positions as kws_expand_interleaved() does
    int32_t
        column_rows;  // lanes of a channel in a column, where cores with KWS_COLUMN_LANES find columns; or 0
    int32_t depth;    // input channels of a tap
    int32_t is_gathered;  // whether they compute all channels of a tile from kws_tile_gather()
    kws_scaling scaling;  // of all channels
} kws_tile_shape;

// Whether the pairs of lanes of neighbouring positions are neighbours.
KWS_INLINE int32_t kws_tile_has_neighbours(kws_tile_shape shape) {
    return shape.step == 2 && shape.run % 4 == 0 && shape.spacing % 2 == 0 && shape.group % 2 == 0;
}

// One output channel of some rows of the output.
typedef struct kws_tile_channel {
    const int8_t*
        weights;    // [rows][runs][KWS_PADDED_RUN(run)]; where is_gathered counts, kws_conv_params.gathered
    int16_t* wide;  // room for the weights as kws_tile_widen() leaves them, or for kws_tile_gather()
    int32_t rows;   // of taps that are computed, where they are gone through in a loop
    int32_t row_lanes;     // from one row of taps to the next
    int32_t height;        // rows of outputs
    int32_t tiles;         // whole ones in each of them
    int32_t height_lanes;  // from the lanes of one row of outputs to those of the next
    int32_t output_step;   // bytes from one output to the next
    int32_t bias;
    int32_t multiplier, shift;  // see kws_requantize()
    int32_t right;              // -shift; this and the next are not for KWS_SCALING_ANY
    int32_t offset;             // half a step of the output, and the zero point
    int32_t zero_point, activation_min, activation_max;
} kws_tile_channel;

#endif  // EARSHOT_KERNELS_TILE_SHAPE_H_
