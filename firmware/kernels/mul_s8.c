// SPDX-License-Identifier: Apache-2.0
#include "mul_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

static int32_t mul_values(int32_t a, int32_t b, const void* params) {
    const kws_mul_params* const p = (const kws_mul_params*)params;
    const int32_t product =
        kws_requantize((a + p->offset1) * (b + p->offset2), p->output_multiplier, (int)p->output_shift);
    return kws_clamp(product + p->output_zero_point, p->activation_min, p->activation_max);
}

void kws_mul_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_mul_params* params) {
    kws_walk_broadcast(input1, input2, output, &params->shape, mul_values, params);
}

KWS_END_CODE
