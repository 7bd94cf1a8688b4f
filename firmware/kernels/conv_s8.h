// CONV_2D on int8, NHWC, one image.

#ifndef EARSHOT_KERNELS_CONV_S8_H_
#define EARSHOT_KERNELS_CONV_S8_H_

#include <stdint.h>

// Channels fall into input_channels / filter_channels groups; usually there is one.
typedef struct kws_conv_params {
    int32_t input_height, input_width, input_channels;
    int32_t filter_height, filter_width, filter_channels;
    int32_t output_height, output_width, output_channels;
    int32_t stride_height, stride_width;
    int32_t dilation_height, dilation_width;
    int32_t padding_top, padding_left;
    int32_t input_zero_point;  // what stands outside of the image
    int32_t output_zero_point;
    int32_t activation_min, activation_max;
    const int8_t* weights;       // [output_channels][filter_height][filter_width][filter_channels]
    const int32_t* bias;         // [output_channels], less input_zero_point * sum of the weights
    const int32_t* multipliers;  // scale of each output channel, see kws_requantize()
    const int8_t* shifts;
} kws_conv_params;

// input         [input_height][input_width][input_channels]
// output        [output_height][output_width][output_channels]
void kws_conv_s8(const int8_t* input, int8_t* output, const kws_conv_params* params);

#endif  // EARSHOT_KERNELS_CONV_S8_H_
