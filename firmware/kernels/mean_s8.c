// SPDX-License-Identifier: Apache-2.0
#include "mean_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

static int32_t mean_add(int32_t total, int32_t value) { return total + value; }

static int32_t mean_of_sum(int32_t total, const void* params) {
    const kws_mean_params* const p = (const kws_mean_params*)params;
    const int32_t mean = kws_requantize(total, p->multiplier, (int)p->shift) + p->output_zero_point;
    return kws_clamp(mean, INT8_MIN, INT8_MAX);
}

void kws_mean_s8(const int8_t* input, int8_t* output, const kws_mean_params* params) {
    kws_walk_reduce(input, output, &params->shape, params->offset, mean_add, mean_of_sum, params);
}

KWS_END_CODE
