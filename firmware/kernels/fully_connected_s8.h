// SPDX-License-Identifier: Apache-2.0
// FULLY_CONNECTED on int8.

#ifndef EARSHOT_KERNELS_FULLY_CONNECTED_S8_H_
#define EARSHOT_KERNELS_FULLY_CONNECTED_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "tile.h"  // KWS_DOT_OUTPUTS, KWS_DOT_TAPS

KWS_BEGIN_CODE

typedef struct kws_fully_connected_params {
    int32_t rows;  // inputs that are multiplied by the same weights
    int32_t input_count, output_count;
    int32_t output_zero_point;
    int32_t activation_min, activation_max;
    int32_t group_weights;  // bytes of the weights of KWS_DOT_OUTPUTS outputs
    const int8_t* weights;  // [groups of outputs][blocks of inputs][KWS_DOT_OUTPUTS][KWS_DOT_TAPS], the rest
    const int32_t* bias;    // [output_count], less input zero point * sum of the weights
    const int32_t* multipliers;  // scale of each output, see kws_requantize(); or one for all
    const int8_t* shifts;
    int32_t scale_step;  // 1, or 0 if there is one scale for all
} kws_fully_connected_params;

// The outputs in whole groups of KWS_DOT_OUTPUTS.
//
// input         [rows][input_count]
// output        [rows][output_count]
void kws_fully_connected_s8(const int8_t* input, int8_t* output, const kws_fully_connected_params* params);

// The one, two or three outputs behind them; in fully_connected_rest_s8.c.
void kws_fully_connected_rest_1_s8(const int8_t* input, int8_t* output,
                                   const kws_fully_connected_params* params);
void kws_fully_connected_rest_2_s8(const int8_t* input, int8_t* output,
                                   const kws_fully_connected_params* params);
void kws_fully_connected_rest_3_s8(const int8_t* input, int8_t* output,
                                   const kws_fully_connected_params* params);

// Sums of `count` outputs from the first on, as outputs.
static inline void kws_fully_connected_store(const int32_t* sums, int32_t first, int32_t count,
                                             int8_t* output, const kws_fully_connected_params* p) {
    for (int32_t i = 0; i < count; ++i) {
        const int32_t scale = (first + i) * p->scale_step;
        const int32_t value =
            kws_requantize(sums[i], p->multipliers[scale], p->shifts[scale]) + p->output_zero_point;
        output[first + i] = (int8_t)kws_clamp(value, p->activation_min, p->activation_max);
    }
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_FULLY_CONNECTED_S8_H_
