// SPDX-License-Identifier: Apache-2.0
// TRANSPOSE_CONV on int8, NHWC, one image.

#ifndef EARSHOT_KERNELS_TRANSPOSE_CONV_S8_H_
#define EARSHOT_KERNELS_TRANSPOSE_CONV_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_transpose_conv_params {
    int32_t input_height, input_width, input_channels;
    int32_t filter_height, filter_width;
    int32_t output_height, output_width, output_channels;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;  // places of the output that are cut off before the first
    int32_t input_zero_point, output_zero_point;
    int32_t activation_min, activation_max;
    const int8_t* weights;       // [output_channels][filter_height][filter_width][input_channels]
    const int32_t* bias;         // [output_channels]
    const int32_t* multipliers;  // scale of each channel, see kws_requantize()
    const int8_t* shifts;
} kws_transpose_conv_params;

// input         [input_height][input_width][input_channels]
// output        [output_height][output_width][output_channels]
void kws_transpose_conv_s8(const int8_t* input, int8_t* output, const kws_transpose_conv_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_TRANSPOSE_CONV_S8_H_
