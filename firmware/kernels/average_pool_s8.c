// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint.h"
#include "pool_s8.h"

KWS_BEGIN_CODE

// Mean of one channel over a window, rounded to nearest, halves away from zero.
static int32_t window_average(const int8_t* input, kws_pool_window window, const kws_pool_params* p) {
    const int32_t channels = p->channels;
    int32_t total = 0;
    for (int32_t y = window.top; y < window.bottom; ++y) {
        const int8_t* value = input + (y * p->input_width + window.left) * channels;
        for (int32_t left = window.right - window.left; left > 0; --left, value += channels) total += *value;
    }
    const int32_t count = (window.bottom - window.top) * (window.right - window.left);
    return (total > 0 ? total + count / 2 : total - count / 2) / count;
}

void kws_average_pool_s8(const int8_t* input, int8_t* output, const kws_pool_params* params) {
    for (int32_t y = 0; y < params->output_height; ++y) {
        for (int32_t x = 0; x < params->output_width; ++x) {
            const kws_pool_window window = kws_pool_window_at(y, x, params);
            for (int32_t channel = 0; channel < params->channels; ++channel) {
                const int32_t mean = window_average(input + channel, window, params);
                *output++ = (int8_t)kws_clamp(mean, params->activation_min, params->activation_max);
            }
        }
    }
}

KWS_END_CODE
