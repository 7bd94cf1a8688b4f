// SPDX-License-Identifier: Apache-2.0
// MEAN on int8 over neighbouring dimensions.

#ifndef EARSHOT_KERNELS_MEAN_S8_H_
#define EARSHOT_KERNELS_MEAN_S8_H_

#include <stdint.h>

typedef struct kws_mean_params {
    int32_t outer, count, inner;  // dimensions before, within and behind the mean
    int32_t offset;               // added to each sum: -count * input zero point
    int32_t multiplier, shift;    // from a sum to the output, see kws_requantize()
    int32_t output_zero_point;
} kws_mean_params;

// input         [outer][count][inner]
// output        [outer][inner]
void kws_mean_s8(const int8_t* input, int8_t* output, const kws_mean_params* params);

#endif  // EARSHOT_KERNELS_MEAN_S8_H_
