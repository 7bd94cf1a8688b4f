// SPDX-License-Identifier: Apache-2.0
// FULLY_CONNECTED on int8.

#ifndef EARSHOT_KERNELS_FULLY_CONNECTED_S8_H_
#define EARSHOT_KERNELS_FULLY_CONNECTED_S8_H_

#include <stdint.h>

#include "tile.h"  // KWS_DOT_OUTPUTS, KWS_DOT_TAPS

// Adds the products of fewer outputs than KWS_DOT_OUTPUTS to their sums; in dot_rest_s8.c.
//
// input         [count], filled up to a multiple of KWS_DOT_TAPS with any values
// weights       [blocks][outputs][KWS_DOT_TAPS]
typedef void kws_dot_rest(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t count);

kws_dot_rest kws_dot_1, kws_dot_2, kws_dot_3;

typedef struct kws_fully_connected_params {
    int32_t rows;  // inputs that are multiplied by the same weights
    int32_t input_count, output_count;
    int32_t output_zero_point;
    int32_t activation_min, activation_max;
    int32_t group_weights;  // bytes of the weights of KWS_DOT_OUTPUTS outputs
    const int8_t* weights;  // [groups of outputs][blocks of inputs][KWS_DOT_OUTPUTS][KWS_DOT_TAPS], the rest
    kws_dot_rest* rest;     // for outputs that are no whole group; 0 if there are none
    const int32_t* bias;    // [output_count], less input zero point * sum of the weights
    const int32_t* multipliers;  // scale of each output, see kws_requantize(); or one for all
    const int8_t* shifts;
    int32_t scale_step;  // 1, or 0 if there is one scale for all
} kws_fully_connected_params;

// input         [rows][input_count]
// output        [rows][output_count]
void kws_fully_connected_s8(const int8_t* input, int8_t* output, const kws_fully_connected_params* params);

#endif  // EARSHOT_KERNELS_FULLY_CONNECTED_S8_H_
