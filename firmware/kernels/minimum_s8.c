// SPDX-License-Identifier: Apache-2.0
#include "extremum_s8.h"

KWS_BEGIN_CODE

static int32_t minimum(int32_t a, int32_t b, const void* params) {
    (void)params;
    return a < b ? a : b;
}

void kws_minimum_s8(const int8_t* input1, const int8_t* input2, int8_t* output,
                    const kws_extremum_params* params) {
    kws_walk_broadcast(input1, input2, output, &params->shape, minimum, params);
}

KWS_END_CODE
