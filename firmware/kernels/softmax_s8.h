// SPDX-License-Identifier: Apache-2.0
// SOFTMAX on int8; the output has scale 1/256 and zero point -128, or as int16 1/65536 and -32768.

#ifndef EARSHOT_KERNELS_SOFTMAX_S8_H_
#define EARSHOT_KERNELS_SOFTMAX_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

#define KWS_SOFTMAX_INTEGER_BITS 5  // of differences of inputs, once they are rescaled
#define KWS_SOFTMAX_SUM_BITS 12     // in front of the point of the sum: up to 4096 inputs

typedef struct kws_softmax_params {
    int32_t rows, count;
    int32_t multiplier;      // from a difference of inputs to Q5.26, see kws_requantize()
    int32_t shift;           // not negative
    int32_t difference_min;  // a value further below the largest counts as zero
} kws_softmax_params;

// input, output [rows][count]; they may be the same
void kws_softmax_s8(const int8_t* input, int8_t* output, const kws_softmax_params* params);

// input, output [rows][count]
void kws_softmax_s8_s16(const int8_t* input, int16_t* output, const kws_softmax_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_SOFTMAX_S8_H_
