// SPDX-License-Identifier: Apache-2.0
#include "prelu_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

static int32_t prelu(int32_t a, int32_t b, const void* params) {
    const kws_prelu_params* const p = (const kws_prelu_params*)params;
    const int32_t value = a + p->offset1;
    const int32_t scaled =
        value >= 0 ? kws_requantize(value, p->positive_multiplier, (int)p->positive_shift)
                   : kws_requantize(value * (b + p->offset2), p->negative_multiplier, (int)p->negative_shift);
    return kws_clamp(scaled + p->output_zero_point, INT8_MIN, INT8_MAX);
}

void kws_prelu_s8(const int8_t* input, const int8_t* factors, int8_t* output,
                  const kws_prelu_params* params) {
    kws_walk_broadcast(input, factors, output, &params->shape, prelu, params);
}

KWS_END_CODE
