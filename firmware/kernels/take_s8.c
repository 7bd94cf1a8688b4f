// SPDX-License-Identifier: Apache-2.0
#include "take_s8.h"

#include <string.h>

KWS_BEGIN_CODE

void kws_take_s8(const int8_t* input, int8_t* output, const kws_take_params* params) {
    const kws_take_params* const p = params;
    for (int32_t i = 0; i < p->outer; ++i, input += p->outer_stride) {
        for (int32_t y = 0; y < p->rows; ++y) {
            const int8_t* const row = input + p->row_starts[y];
            for (int32_t x = 0; x < p->columns; ++x, output += p->inner) {
                memcpy(output, row + p->column_starts[x], (size_t)p->inner);
            }
        }
    }
}

KWS_END_CODE
