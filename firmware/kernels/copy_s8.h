// SPDX-License-Identifier: Apache-2.0
// A block of int8 from one tensor to a place in another: TRANSPOSE, PAD, CONCATENATION, SPLIT and others.

#ifndef EARSHOT_KERNELS_COPY_S8_H_
#define EARSHOT_KERNELS_COPY_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_copy_params {
    int32_t dims[4];  // of the block, outermost first
    int32_t input_start, output_start;
    int32_t input_strides[4];  // in elements; may be negative
    int32_t output_strides[4];
} kws_copy_params;

void kws_copy_s8(const int8_t* input, int8_t* output, const kws_copy_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_COPY_S8_H_
