#include "conv_s8.h"

#include "fixedpoint.h"

static int32_t dot(const int8_t* a, const int8_t* b, int32_t count) {
    int32_t total = 0;
    for (int32_t i = 0; i < count; ++i) total += a[i] * b[i];
    return total;
}

static int32_t sum(const int8_t* values, int32_t count) {
    int32_t total = 0;
    for (int32_t i = 0; i < count; ++i) total += values[i];
    return total;
}

// Index of the first tap whose place, origin + tap * dilation, is at least `place`; within 0..taps.
static int32_t first_tap(int32_t place, int32_t origin, int32_t dilation, int32_t taps) {
    const int32_t tap = place > origin ? (place - origin + dilation - 1) / dilation : 0;
    return tap < taps ? tap : taps;
}

// One row of a filter. Taps outside of the image meet the zero point.
//
// row           the row of the image, from the first channel of the group on
// weights       [filter_width][filter_channels]
// x             column of the first tap; may be outside
static int32_t filter_row(const int8_t* row, const int8_t* weights, int32_t x, const kws_conv_params* p) {
    const int32_t depth = p->filter_channels;
    const int32_t first = first_tap(0, x, p->dilation_width, p->filter_width);
    const int32_t end = first_tap(p->input_width, x, p->dilation_width, p->filter_width);
    const int32_t outside =
        sum(weights, first * depth) + sum(weights + end * depth, (p->filter_width - end) * depth);
    int32_t total = p->input_zero_point * outside;
    if (p->dilation_width == 1 && depth == p->input_channels && first < end) {  // taps lie side by side
        return total + dot(row + (x + first) * depth, weights + first * depth, (end - first) * depth);
    }
    for (int32_t tap = first; tap < end; ++tap) {
        const int32_t column = x + tap * p->dilation_width;
        total += dot(row + column * p->input_channels, weights + tap * depth, depth);
    }
    return total;
}

void kws_conv_s8(const int8_t* input, int8_t* output, const kws_conv_params* params) {
    const kws_conv_params* const p = params;
    const int32_t row_weights = p->filter_width * p->filter_channels;
    const int32_t outputs_per_group = p->output_channels / (p->input_channels / p->filter_channels);
    for (int32_t out_y = 0; out_y < p->output_height; ++out_y) {
        const int32_t y = out_y * p->stride_height - p->padding_top;
        for (int32_t out_x = 0; out_x < p->output_width; ++out_x) {
            const int32_t x = out_x * p->stride_width - p->padding_left;
            const int8_t* weights = p->weights;
            for (int32_t channel = 0; channel < p->output_channels; ++channel) {
                const int8_t* const group = input + channel / outputs_per_group * p->filter_channels;
                int32_t total = p->bias[channel];
                for (int32_t tap = 0; tap < p->filter_height; ++tap, weights += row_weights) {
                    const int32_t line = y + tap * p->dilation_height;
                    if (line < 0 || line >= p->input_height) {
                        total += p->input_zero_point * sum(weights, row_weights);
                    } else {
                        total += filter_row(group + line * p->input_width * p->input_channels, weights, x, p);
                    }
                }
                total = kws_requantize(total, p->multipliers[channel], p->shifts[channel]);
                total += p->output_zero_point;
                *output++ = (int8_t)kws_clamp(total, p->activation_min, p->activation_max);
            }
        }
    }
}
