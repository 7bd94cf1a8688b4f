// SPDX-License-Identifier: Apache-2.0
#include "fully_connected_s8.h"

// A function of its own for each number of outputs: what a model does not need is not linked.
KWS_INLINE void dot(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t outputs,
                    int32_t count) {
    int32_t copy[KWS_DOT_OUTPUTS];  // stays in registers
    KWS_UNROLL for (int32_t i = 0; i < outputs; ++i) copy[i] = sums[i];
    kws_dot_some(copy, input, weights, outputs, count);
    KWS_UNROLL for (int32_t i = 0; i < outputs; ++i) sums[i] = copy[i];
}

void kws_dot_1(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t count) {
    dot(sums, input, weights, 1, count);
}

void kws_dot_2(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t count) {
    dot(sums, input, weights, 2, count);
}

void kws_dot_3(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t count) {
    dot(sums, input, weights, 3, count);
}
