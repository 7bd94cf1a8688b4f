// SPDX-License-Identifier: Apache-2.0
#include "fully_connected_s8.h"

KWS_BEGIN_CODE

void kws_fully_connected_s8(const int8_t* input, int8_t* output, const kws_fully_connected_params* params) {
    const kws_fully_connected_params* const p = params;
    for (int32_t row = 0; row < p->rows; ++row, input += p->input_count, output += p->output_count) {
        const int8_t* weights = p->weights;
        for (int32_t first = 0; first + KWS_DOT_OUTPUTS <= p->output_count; first += KWS_DOT_OUTPUTS) {
            int32_t sums[KWS_DOT_OUTPUTS];
            KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) sums[i] = p->bias[first + i];
            kws_dot(sums, input, weights, p->input_count);
            weights += p->group_weights;
            int32_t copy[KWS_DOT_OUTPUTS];  // lets the sums stay in registers until here
            KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) copy[i] = sums[i];
            kws_fully_connected_store(copy, first, KWS_DOT_OUTPUTS, output, p);
        }
    }
}

KWS_END_CODE
