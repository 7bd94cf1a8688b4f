// SPDX-License-Identifier: Apache-2.0
// Values picked by tables of places: RESIZE_NEAREST_NEIGHBOR, GATHER, MIRROR_PAD.

#ifndef EARSHOT_KERNELS_TAKE_S8_H_
#define EARSHOT_KERNELS_TAKE_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_take_params {
    int32_t outer, outer_stride;   // stride in the input
    int32_t rows, columns, inner;  // of the output
    const int32_t* row_starts;     // [rows], where each begins in the input
    const int32_t* column_starts;  // [columns], where each begins in a row
} kws_take_params;

// output        [outer][rows][columns][inner]
void kws_take_s8(const int8_t* input, int8_t* output, const kws_take_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_TAKE_S8_H_
