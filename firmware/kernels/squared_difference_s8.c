// SPDX-License-Identifier: Apache-2.0
#include "sub_s8.h"

KWS_BEGIN_CODE

static int32_t squared_difference(int32_t a, int32_t b, const void* params) {
    const kws_sub_params* const p = (const kws_sub_params*)params;
    const int32_t difference = kws_difference(a, b, p);
    return kws_difference_to_output(difference * difference, p);
}

void kws_squared_difference_s8(const int8_t* input1, const int8_t* input2, int8_t* output,
                               const kws_sub_params* params) {
    kws_walk_broadcast(input1, input2, output, &params->shape, squared_difference, params);
}

KWS_END_CODE
