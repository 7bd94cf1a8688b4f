// SPDX-License-Identifier: Apache-2.0
#include "requantize_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

void kws_requantize_s8(const int8_t* input, int8_t* output, const kws_requantize_params* params) {
    const kws_requantize_params* const p = params;
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t scaled = kws_requantize(input[i] - p->input_zero_point, p->multiplier, (int)p->shift);
        output[i] = (int8_t)kws_clamp(scaled + p->output_zero_point, p->activation_min, p->activation_max);
    }
}

KWS_END_CODE
