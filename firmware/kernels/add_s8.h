// SPDX-License-Identifier: Apache-2.0
// ADD on int8, with broadcasting.

#ifndef EARSHOT_KERNELS_ADD_S8_H_
#define EARSHOT_KERNELS_ADD_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "broadcast.h"

KWS_BEGIN_CODE

// Both inputs are brought to one scale, that of the first over 2^19.
typedef struct kws_add_params {
    kws_broadcast shape;
    int32_t offset1;                              // -zero point
    int32_t offset2, step2, multiplier2, right2;  // (value + offset) * step * multiplier / 2^(31 + right)
    int32_t output_multiplier, output_right;      // sum * multiplier / 2^(31 + right)
    int32_t output_zero_point;
    int32_t activation_min, activation_max;
} kws_add_params;

// input1        has the larger scale
// output        may be an input that is not repeated
void kws_add_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_add_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_ADD_S8_H_
