// SPDX-License-Identifier: Apache-2.0
// HARD_SWISH on int8: x * relu6(x + 3) / 6.

#ifndef EARSHOT_KERNELS_HARD_SWISH_S8_H_
#define EARSHOT_KERNELS_HARD_SWISH_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

#define KWS_HARD_SWISH_STEPS 128  // in an input step: seven bits more

// Multipliers are Q0.15, 0..2^15-1; shifts are to the left where positive, -15..15.
typedef struct kws_hard_swish_params {
    int32_t count;
    int32_t input_zero_point, output_zero_point;
    int32_t output_multiplier, output_shift;  // from 1/128 of an input step to an output step; shift <= 0
    int32_t gate_multiplier, gate_shift;      // from there to Q0.15 in which an input of 3 is 1
} kws_hard_swish_params;

// input, output [count]; they may be the same
void kws_hard_swish_s8(const int8_t* input, int8_t* output, const kws_hard_swish_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_HARD_SWISH_S8_H_
