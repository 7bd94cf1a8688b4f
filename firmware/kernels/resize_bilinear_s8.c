// SPDX-License-Identifier: Apache-2.0
#include "resize_bilinear_s8.h"

KWS_BEGIN_CODE

// All channels of one place of the output.
static void blend(const int8_t* input, int8_t* output, kws_resize_place row, kws_resize_place column,
                  int32_t channels) {
    const int32_t down = row.weight, up = KWS_RESIZE_ONE - down;
    const int32_t right = column.weight, left = KWS_RESIZE_ONE - right;
    for (int32_t c = 0; c < channels; ++c) {
        const int32_t total =
            input[row.low + column.low + c] * up * left + input[row.high + column.low + c] * down * left +
            input[row.low + column.high + c] * up * right + input[row.high + column.high + c] * down * right;
        const int32_t one = KWS_RESIZE_ONE * KWS_RESIZE_ONE;
        output[c] = (int8_t)((total + (total > 0 ? one / 2 : -one / 2)) / one);  // halves away from zero
    }
}

void kws_resize_bilinear_s8(const int8_t* input, int8_t* output, const kws_resize_bilinear_params* params) {
    const kws_resize_bilinear_params* const p = params;
    for (int32_t i = 0; i < p->images; ++i, input += p->image_bytes) {
        for (int32_t y = 0; y < p->output_height; ++y) {
            for (int32_t x = 0; x < p->output_width; ++x, output += p->channels) {
                blend(input, output, p->rows[y], p->columns[x], p->channels);
            }
        }
    }
}

KWS_END_CODE
