// SPDX-License-Identifier: Apache-2.0
// CONV_2D and DEPTHWISE_CONV_2D on int8, NHWC, one image. Both go over the output in tiles (tile.h).

#ifndef EARSHOT_KERNELS_CONV_S8_H_
#define EARSHOT_KERNELS_CONV_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "tile.h"

KWS_BEGIN_CODE

typedef struct kws_conv_params {
    int32_t input_height, input_width, input_channels;
    int32_t output_height, output_width, output_channels;
    int32_t stride_height, dilation_height;
    int32_t padding_top, padding_left;
    int32_t outputs_per_group;  // output channels that see the same input channels
    int32_t filter_rows;        // of taps
    int32_t filter_taps;        // weights of an output channel, without what fills up runs
    int32_t filter_channels;    // input channels that one output channel sees
    int32_t block_height;       // rows of outputs that are computed at a time
    int32_t scratch_rows;       // rows of the image that scratch holds, what they need
    int32_t scratch_row_lanes;  // one row with its padding; a multiple of four
    int32_t scratch_columns;    // of the image in it
    int32_t wide_lanes;         // room in front of them, for weights; a multiple of eight
    int32_t is_interleaved;     // 1x1, and cores with KWS_INTERLEAVED want kws_expand_interleaved()
    kws_tile* tile;
    int32_t tiles;   // whole ones in a row of outputs
    int32_t planes;  // channels of the image in scratch at a time, on cores with KWS_INTERLEAVED; 1 or 4
    int32_t input_zero_point;  // what stands outside of the image
    int32_t output_zero_point;
    int32_t activation_min, activation_max;
    int32_t filter_weights;  // bytes from the weights of one output channel to those of the next
    const int8_t* weights;   // [output_channels][rows][runs][KWS_PADDED_RUN(run)]
    const int32_t* bias;  // [output_channels], KWS_BIAS of biases less input_zero_point * sum of the weights
    const int32_t* multipliers;  // scale of each output channel, see kws_requantize()
    const int8_t* shifts;
    int32_t window_rows;  // of outputs, for which scratch has room for columns behind the image; 0 where the
                          // tile wants none. Cores without KWS_COLUMN_LANES do not look at it
    // Where cores with KWS_INTERLEAVED gather what a tile meets: for each output channel twice the bias,
    // twice the weights in pairs, multiplier, kws_tile_channel.offset and .right. Otherwise 0.
    const int32_t* gathered;
} kws_conv_params;

// input         [input_height][input_width][input_channels]
// output        [output_height][output_width][output_channels]; may overlap the input as
//               codegen/ops/_convolution.py says
// scratch       wide_lanes, planes * scratch_rows * scratch_row_lanes, and what a load may reach beyond; on
//               cores with KWS_COLUMN_LANES scratch_rows * scratch_row_lanes, window_rows windows, and what
//               is touched beyond
void kws_conv_s8(const int8_t* input, int8_t* output, kws_lane* scratch, const kws_conv_params* params);

// As kws_conv_s8(), but each output channel sees one input channel. The output may lie exactly
// where the input does, if each input channel has one output channel.
void kws_depthwise_conv_s8(const int8_t* input, int8_t* output, kws_lane* scratch,
                           const kws_conv_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_CONV_S8_H_
