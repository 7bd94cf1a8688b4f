// SPDX-License-Identifier: Apache-2.0
#include "reduce_s8.h"

static int32_t smaller(int32_t total, int32_t value) { return value < total ? value : total; }

static int32_t as_it_is(int32_t total, const void* params) {
    (void)params;
    return total;
}

void kws_reduce_min_s8(const int8_t* input, int8_t* output, const kws_reduce_params* params) {
    kws_walk_reduce(input, output, &params->shape, INT8_MAX, smaller, as_it_is, params);
}
