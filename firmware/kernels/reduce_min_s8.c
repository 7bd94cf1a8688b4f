// SPDX-License-Identifier: Apache-2.0
#include "reduce_s8.h"

KWS_BEGIN_CODE

static int32_t smaller(int32_t total, int32_t value) { return value < total ? value : total; }

void kws_reduce_min_s8(const int8_t* input, int8_t* output, const kws_reduce_params* params) {
    kws_walk_reduce(input, output, &params->shape, INT8_MAX, smaller, kws_reduced, params);
}

KWS_END_CODE
