// SPDX-License-Identifier: Apache-2.0
// L2_NORMALIZATION on int8: rows of length 1; the output has scale 1/128 and zero point 0.

#ifndef EARSHOT_KERNELS_L2_NORMALIZATION_S8_H_
#define EARSHOT_KERNELS_L2_NORMALIZATION_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_l2_normalization_params {
    int32_t rows, count;
    int32_t input_zero_point;
} kws_l2_normalization_params;

// input, output [rows][count]; they may be the same
void kws_l2_normalization_s8(const int8_t* input, int8_t* output, const kws_l2_normalization_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_L2_NORMALIZATION_S8_H_
