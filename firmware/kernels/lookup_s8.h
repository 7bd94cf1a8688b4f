// SPDX-License-Identifier: Apache-2.0
// Operators of one value, by table: TANH, LEAKY_RELU, ELU, ABS.

#ifndef EARSHOT_KERNELS_LOOKUP_S8_H_
#define EARSHOT_KERNELS_LOOKUP_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_lookup_params {
    int32_t count;
    const int8_t* table;  // [256], of the inputs from -128 to 127
} kws_lookup_params;

// input, output [count]; they may be the same
void kws_lookup_s8(const int8_t* input, int8_t* output, const kws_lookup_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_LOOKUP_S8_H_
