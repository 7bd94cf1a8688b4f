// SPDX-License-Identifier: Apache-2.0
#include "mean_s8.h"

#include "fixedpoint.h"

void kws_mean_s8(const int8_t* input, int8_t* output, const kws_mean_params* params) {
    const kws_mean_params* const p = params;
    for (int32_t i = 0; i < p->outer; ++i, input += p->count * p->inner) {
        for (int32_t k = 0; k < p->inner; ++k) {
            int32_t total = p->offset;
            for (int32_t n = 0; n < p->count; ++n) total += input[n * p->inner + k];
            const int32_t mean = kws_requantize(total, p->multiplier, (int)p->shift) + p->output_zero_point;
            *output++ = (int8_t)kws_clamp(mean, INT8_MIN, INT8_MAX);
        }
    }
}
