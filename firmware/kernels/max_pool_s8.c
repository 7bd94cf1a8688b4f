// SPDX-License-Identifier: Apache-2.0
#include "fixedpoint.h"
#include "pool_s8.h"
#include "tile.h"

KWS_BEGIN_CODE

// Of each column and channel of the image, the largest of some rows: all of them are neighbours in memory.
static void pool_rows(const int8_t* input, int8_t* largest, int32_t rows, int32_t row_bytes) {
    kws_larger(input, rows > 1 ? input + row_bytes : input, largest, row_bytes);
    for (int32_t y = 2; y < rows; ++y) kws_larger(largest, input + y * row_bytes, largest, row_bytes);
}

void kws_max_pool_s8(const int8_t* input, int8_t* output, int8_t* scratch, const kws_pool_params* params) {
    const kws_pool_params* const p = params;
    const int32_t channels = p->channels, row_bytes = p->input_width * channels;
    int8_t* end = output;
    for (int32_t y = 0; y < p->output_height; ++y) {
        const kws_pool_window rows = kws_pool_window_at(y, 0, p);
        pool_rows(input + rows.top * row_bytes, scratch, rows.bottom - rows.top, row_bytes);
        for (int32_t x = 0; x < p->output_width; ++x, end += channels) {
            const kws_pool_window columns = kws_pool_window_at(y, x, p);
            pool_rows(scratch + columns.left * channels, end, columns.right - columns.left, channels);
        }
    }
    if (p->activation_min == INT8_MIN && p->activation_max == INT8_MAX) return;
    for (; output < end; ++output) *output = (int8_t)kws_clamp(*output, p->activation_min, p->activation_max);
}

KWS_END_CODE
