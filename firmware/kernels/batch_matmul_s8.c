// SPDX-License-Identifier: Apache-2.0
#include "batch_matmul_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

// One value of the output: a row of the first matrix times a column of the second.
static int8_t row_times_column(const int8_t* row, const int8_t* column, const kws_batch_matmul_params* p) {
    int32_t sum = 0;
    for (int32_t k = p->depth; k > 0; --k, row += p->depth_stride1, column += p->depth_stride2) {
        sum += (*row + p->offset1) * (*column + p->offset2);
    }
    const int32_t scaled = kws_requantize(sum, p->output_multiplier, (int)p->output_shift);
    return (int8_t)kws_clamp(scaled + p->output_zero_point, INT8_MIN, INT8_MAX);
}

static int8_t* multiply_matrices(const int8_t* a, const int8_t* b, int8_t* output,
                                 const kws_batch_matmul_params* p) {
    for (int32_t i = 0; i < p->rows; ++i) {
        for (int32_t j = 0; j < p->columns; ++j) {
            *output++ = row_times_column(a + i * p->row_stride, b + j * p->column_stride, p);
        }
    }
    return output;
}

void kws_batch_matmul_s8(const int8_t* input1, const int8_t* input2, int8_t* output,
                         const kws_batch_matmul_params* params) {
    const kws_batch_matmul_params* const p = params;
    const int32_t *const s1 = p->strides1, *const s2 = p->strides2;
    for (int32_t i = 0; i < p->batches[0]; ++i) {
        for (int32_t j = 0; j < p->batches[1]; ++j) {
            for (int32_t k = 0; k < p->batches[2]; ++k) {
                output = multiply_matrices(input1 + i * s1[0] + j * s1[1] + k * s1[2],
                                           input2 + i * s2[0] + j * s2[1] + k * s2[2], output, p);
            }
        }
    }
}

KWS_END_CODE
