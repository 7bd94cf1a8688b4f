#include "depthwise_conv_s8.h"

#include "fixedpoint.h"

// Sum of one filter's products.
//
// image         the input, from the filter's channel on
// weights       the filter's weights, output_channels apart
// y, x          place of the first tap; may be outside, where the zero point stands
static int32_t filter(const int8_t* image, const int8_t* weights, int32_t y, int32_t x,
                      const kws_depthwise_conv_params* p) {
    int32_t total = 0;
    for (int32_t tap_y = 0; tap_y < p->filter_height; ++tap_y) {
        const int32_t line = y + tap_y * p->dilation_height;
        for (int32_t tap_x = 0; tap_x < p->filter_width; ++tap_x, weights += p->output_channels) {
            const int32_t column = x + tap_x * p->dilation_width;
            int32_t value = p->input_zero_point;
            if (line >= 0 && line < p->input_height && column >= 0 && column < p->input_width) {
                value = image[(line * p->input_width + column) * p->input_channels];
            }
            total += value * *weights;
        }
    }
    return total;
}

void kws_depthwise_conv_s8(const int8_t* input, int8_t* output, const kws_depthwise_conv_params* params) {
    const kws_depthwise_conv_params* const p = params;
    const int32_t filters_per_input = p->output_channels / p->input_channels;
    for (int32_t out_y = 0; out_y < p->output_height; ++out_y) {
        const int32_t y = out_y * p->stride_height - p->padding_top;
        for (int32_t out_x = 0; out_x < p->output_width; ++out_x) {
            const int32_t x = out_x * p->stride_width - p->padding_left;
            for (int32_t channel = 0; channel < p->output_channels; ++channel) {
                const int8_t* const image = input + channel / filters_per_input;
                int32_t total = p->bias[channel] + filter(image, p->weights + channel, y, x, p);
                total = kws_requantize(total, p->multipliers[channel], p->shifts[channel]);
                total += p->output_zero_point;
                *output++ = (int8_t)kws_clamp(total, p->activation_min, p->activation_max);
            }
        }
    }
}
