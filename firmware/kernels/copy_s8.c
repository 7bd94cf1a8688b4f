// SPDX-License-Identifier: Apache-2.0
#include "copy_s8.h"

#include <string.h>

KWS_BEGIN_CODE

enum { SHORTEST_RUN = 16 };  // that is worth a call

void kws_copy_s8(const int8_t* input, int8_t* output, const kws_copy_params* params) {
    const kws_copy_params* const p = params;
    const int32_t *const in = p->input_strides, *const out = p->output_strides;
    const int32_t length = p->dims[3], step = in[3], advance = out[3];
    const int is_run = step == 1 && advance == 1 && length >= SHORTEST_RUN;
    for (int32_t i = 0; i < p->dims[0]; ++i) {
        for (int32_t j = 0; j < p->dims[1]; ++j) {
            for (int32_t k = 0; k < p->dims[2]; ++k) {
                int32_t from = p->input_start + i * in[0] + j * in[1] + k * in[2];
                int32_t to = p->output_start + i * out[0] + j * out[1] + k * out[2];
                if (is_run) {
                    memcpy(output + to, input + from, (size_t)length);
                    continue;
                }
                for (int32_t n = length; n > 0; --n, from += step, to += advance) output[to] = input[from];
            }
        }
    }
}

KWS_END_CODE
