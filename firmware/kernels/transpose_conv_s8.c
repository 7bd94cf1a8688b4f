// SPDX-License-Identifier: Apache-2.0
#include "transpose_conv_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

// What one place of the input gives to a place of the output.
static int32_t products(const int8_t* input, const int8_t* weights, const kws_transpose_conv_params* p) {
    int32_t sum = 0;
    for (int32_t c = 0; c < p->input_channels; ++c) sum += (input[c] - p->input_zero_point) * weights[c];
    return sum;
}

// One channel of one place of the output: of a filter, every stride-th row and column meets an input.
static int32_t sum_at(const int8_t* input, int32_t y, int32_t x, const int8_t* weights,
                      const kws_transpose_conv_params* p) {
    int32_t sum = 0;
    for (int32_t row = y % p->stride_height; row < p->filter_height; row += p->stride_height) {
        const int32_t from_y = (y - row) / p->stride_height;
        if (y < row || from_y >= p->input_height) continue;
        for (int32_t column = x % p->stride_width; column < p->filter_width; column += p->stride_width) {
            const int32_t from_x = (x - column) / p->stride_width;
            if (x < column || from_x >= p->input_width) continue;
            sum += products(input + (from_y * p->input_width + from_x) * p->input_channels,
                            weights + (row * p->filter_width + column) * p->input_channels, p);
        }
    }
    return sum;
}

void kws_transpose_conv_s8(const int8_t* input, int8_t* output, const kws_transpose_conv_params* params) {
    const kws_transpose_conv_params* const p = params;
    const int32_t filter = p->filter_height * p->filter_width * p->input_channels;
    for (int32_t y = p->padding_top; y < p->padding_top + p->output_height; ++y) {
        for (int32_t x = p->padding_left; x < p->padding_left + p->output_width; ++x) {
            for (int32_t c = 0; c < p->output_channels; ++c) {
                const int32_t sum = p->bias[c] + sum_at(input, y, x, p->weights + c * filter, p);
                const int32_t scaled = kws_requantize(sum, p->multipliers[c], p->shifts[c]);
                *output++ =
                    (int8_t)kws_clamp(scaled + p->output_zero_point, p->activation_min, p->activation_max);
            }
        }
    }
}

KWS_END_CODE
