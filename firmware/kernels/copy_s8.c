// SPDX-License-Identifier: Apache-2.0
#include "copy_s8.h"

KWS_BEGIN_CODE

void kws_copy_s8(const int8_t* input, int8_t* output, const kws_copy_params* params) {
    const kws_copy_params* const p = params;
    const int32_t *const in = p->input_strides, *const out = p->output_strides;
    for (int32_t i = 0; i < p->dims[0]; ++i) {
        for (int32_t j = 0; j < p->dims[1]; ++j) {
            for (int32_t k = 0; k < p->dims[2]; ++k) {
                const int32_t from = p->input_start + i * in[0] + j * in[1] + k * in[2];
                const int32_t to = p->output_start + i * out[0] + j * out[1] + k * out[2];
                for (int32_t n = 0; n < p->dims[3]; ++n) output[to + n * out[3]] = input[from + n * in[3]];
            }
        }
    }
}

KWS_END_CODE
