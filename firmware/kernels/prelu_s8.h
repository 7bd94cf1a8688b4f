// SPDX-License-Identifier: Apache-2.0
// PRELU on int8: what is negative is multiplied by a factor of its own, with broadcasting.

#ifndef EARSHOT_KERNELS_PRELU_S8_H_
#define EARSHOT_KERNELS_PRELU_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "broadcast.h"

KWS_BEGIN_CODE

typedef struct kws_prelu_params {
    kws_broadcast shape;
    int32_t offset1, offset2;                     // -zero point of the input and of the factors
    int32_t positive_multiplier, positive_shift;  // from the input to the output, see kws_requantize()
    int32_t negative_multiplier, negative_shift;  // from the product of input and factor to the output
    int32_t output_zero_point;
} kws_prelu_params;

// output        may be the input
void kws_prelu_s8(const int8_t* input, const int8_t* factors, int8_t* output, const kws_prelu_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_PRELU_S8_H_
