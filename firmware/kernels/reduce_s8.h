// SPDX-License-Identifier: Apache-2.0
// REDUCE_MAX and REDUCE_MIN on int8, over any dimensions; input and output have one scale.

#ifndef EARSHOT_KERNELS_REDUCE_S8_H_
#define EARSHOT_KERNELS_REDUCE_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "reduce.h"

KWS_BEGIN_CODE

typedef struct kws_reduce_params {
    kws_reduce shape;
} kws_reduce_params;

// output        one value for each index of the dimensions that are kept
void kws_reduce_max_s8(const int8_t* input, int8_t* output, const kws_reduce_params* params);
void kws_reduce_min_s8(const int8_t* input, int8_t* output, const kws_reduce_params* params);

// The output of a total.
static inline int32_t kws_reduced(int32_t total, const void* params) {
    (void)params;
    return total;
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_REDUCE_S8_H_
