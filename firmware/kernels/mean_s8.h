// SPDX-License-Identifier: Apache-2.0
// MEAN and SUM on int8, over any dimensions.

#ifndef EARSHOT_KERNELS_MEAN_S8_H_
#define EARSHOT_KERNELS_MEAN_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "reduce.h"

KWS_BEGIN_CODE

typedef struct kws_mean_params {
    kws_reduce shape;
    int32_t offset;             // added to each sum: -count * input zero point
    int32_t multiplier, shift;  // from a sum to the output, see kws_requantize()
    int32_t output_zero_point;
} kws_mean_params;

// output        one value for each index of the dimensions that are kept
void kws_mean_s8(const int8_t* input, int8_t* output, const kws_mean_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_MEAN_S8_H_
