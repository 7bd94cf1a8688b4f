// SPDX-License-Identifier: Apache-2.0
// LOGISTIC on int8; the output has scale 1/256 and zero point -128.

#ifndef EARSHOT_KERNELS_LOGISTIC_S8_H_
#define EARSHOT_KERNELS_LOGISTIC_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

#define KWS_LOGISTIC_INTEGER_BITS 4  // of the input, once it is rescaled

typedef struct kws_logistic_params {
    int32_t count;
    int32_t input_zero_point;
    int32_t multiplier, shift;  // from the input to Q4.27, see kws_requantize()
    int32_t radius;             // inputs this far from the zero point give 0 or 1
} kws_logistic_params;

// input, output [count]; they may be the same
void kws_logistic_s8(const int8_t* input, int8_t* output, const kws_logistic_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_LOGISTIC_S8_H_
