// SPDX-License-Identifier: Apache-2.0
// BATCH_MATMUL on int8: products of two matrices that are both computed.

#ifndef EARSHOT_KERNELS_BATCH_MATMUL_S8_H_
#define EARSHOT_KERNELS_BATCH_MATMUL_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

// Strides in elements.
typedef struct kws_batch_matmul_params {
    int32_t batches[3], strides1[3],
        strides2[3];  // outermost first; a stride is 0 where a matrix is repeated
    int32_t rows, columns, depth;
    int32_t row_stride, depth_stride1;     // of the first matrix
    int32_t column_stride, depth_stride2;  // of the second
    int32_t offset1, offset2;              // -zero point
    int32_t output_multiplier, output_shift, output_zero_point;
} kws_batch_matmul_params;

// output        [batches][rows][columns]
void kws_batch_matmul_s8(const int8_t* input1, const int8_t* input2, int8_t* output,
                         const kws_batch_matmul_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_BATCH_MATMUL_S8_H_
