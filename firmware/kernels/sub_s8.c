// SPDX-License-Identifier: Apache-2.0
#include "sub_s8.h"

KWS_BEGIN_CODE

static int32_t sub_values(int32_t a, int32_t b, const void* params) {
    const kws_sub_params* const p = (const kws_sub_params*)params;
    return kws_difference_to_output(kws_difference(a, b, p), p);
}

void kws_sub_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_sub_params* params) {
    kws_walk_broadcast(input1, input2, output, &params->shape, sub_values, params);
}

KWS_END_CODE
