// SPDX-License-Identifier: Apache-2.0
// From one scale and zero point to another, within bounds: QUANTIZE, RELU, RELU6.

#ifndef EARSHOT_KERNELS_REQUANTIZE_S8_H_
#define EARSHOT_KERNELS_REQUANTIZE_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_requantize_params {
    int32_t count;
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;  // see kws_requantize()
    int32_t activation_min, activation_max;
} kws_requantize_params;

// input, output [count]; they may be the same
void kws_requantize_s8(const int8_t* input, int8_t* output, const kws_requantize_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_REQUANTIZE_S8_H_
