// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint.h"
#include "pool_s8.h"
#include "tile.h"

KWS_BEGIN_CODE

// All channels of one place of the output.
static void pool(const int8_t* input, int8_t* output, kws_pool_window window, const kws_pool_params* p) {
    const int8_t* largest = 0;
    for (int32_t y = window.top; y < window.bottom; ++y) {
        const int8_t* place = input + (y * p->input_width + window.left) * p->channels;
        for (int32_t left = window.right - window.left; left > 0; --left, place += p->channels) {
            kws_larger(largest ? largest : place, place, output, p->channels);
            largest = output;
        }
    }
}

void kws_max_pool_s8(const int8_t* input, int8_t* output, const kws_pool_params* params) {
    const kws_pool_params* const p = params;
    int8_t* end = output;
    for (int32_t y = 0; y < p->output_height; ++y) {
        for (int32_t x = 0; x < p->output_width; ++x, end += p->channels) {
            pool(input, end, kws_pool_window_at(y, x, p), p);
        }
    }
    if (p->activation_min == INT8_MIN && p->activation_max == INT8_MAX) return;
    for (; output < end; ++output) *output = (int8_t)kws_clamp(*output, p->activation_min, p->activation_max);
}

KWS_END_CODE
