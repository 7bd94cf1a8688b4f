// SPDX-License-Identifier: Apache-2.0
#include "fully_connected_s8.h"

KWS_BEGIN_CODE

KWS_INLINE void rest(const int8_t* input, int8_t* output, const kws_fully_connected_params* p,
                     int32_t outputs) {
    const int32_t first = p->output_count - outputs;
    const int8_t* const weights = p->weights + first / KWS_DOT_OUTPUTS * p->group_weights;
    for (int32_t row = 0; row < p->rows; ++row, input += p->input_count, output += p->output_count) {
        int32_t sums[KWS_DOT_OUTPUTS];
        KWS_UNROLL for (int32_t i = 0; i < outputs; ++i) sums[i] = p->bias[first + i];
        kws_dot_some(sums, input, weights, outputs, p->input_count);
        int32_t copy[KWS_DOT_OUTPUTS];  // lets the sums stay in registers until here
        KWS_UNROLL for (int32_t i = 0; i < outputs; ++i) copy[i] = sums[i];
        kws_fully_connected_store(copy, first, outputs, output, p);
    }
}

// A function of its own for each number of outputs: what a model does not need is not linked.
void kws_fully_connected_rest_1_s8(const int8_t* input, int8_t* output,
                                   const kws_fully_connected_params* params) {
    rest(input, output, params, 1);
}

void kws_fully_connected_rest_2_s8(const int8_t* input, int8_t* output,
                                   const kws_fully_connected_params* params) {
    rest(input, output, params, 2);
}

void kws_fully_connected_rest_3_s8(const int8_t* input, int8_t* output,
                                   const kws_fully_connected_params* params) {
    rest(input, output, params, 3);
}

KWS_END_CODE
