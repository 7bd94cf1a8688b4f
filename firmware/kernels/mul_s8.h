// SPDX-License-Identifier: Apache-2.0
// MUL on int8, with broadcasting.

#ifndef EARSHOT_KERNELS_MUL_S8_H_
#define EARSHOT_KERNELS_MUL_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "broadcast.h"

KWS_BEGIN_CODE

typedef struct kws_mul_params {
    kws_broadcast shape;
    int32_t offset1, offset2;  // -zero point of each input
    int32_t output_zero_point, output_multiplier, output_shift;
    int32_t activation_min, activation_max;
} kws_mul_params;

// output        may be an input that is not repeated
void kws_mul_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_mul_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_MUL_S8_H_
