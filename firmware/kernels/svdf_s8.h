// SPDX-License-Identifier: Apache-2.0
// SVDF on int8: filters that look at the input now, and at what they saw in the inferences before.

#ifndef EARSHOT_KERNELS_SVDF_S8_H_
#define EARSHOT_KERNELS_SVDF_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "tile.h"  // KWS_DOT_OUTPUTS, KWS_DOT_TAPS

KWS_BEGIN_CODE

typedef struct kws_svdf_params {
    int32_t batches, input_count;
    int32_t filters, rank;          // as many filters as the rank make one output
    int32_t memory;                 // values that a filter remembers
    int32_t padded_count;           // bytes of the weights of one filter
    const int8_t* feature_weights;  // [groups of filters][blocks of inputs][KWS_DOT_OUTPUTS][KWS_DOT_TAPS]
    const int32_t* feature_bias;    // [groups][KWS_DOT_OUTPUTS]: -input zero point * sum of the weights
    int32_t feature_multiplier, feature_shift;  // to the state, see kws_requantize()
    const void* time_weights;                   // [filters][memory], of the type of the state
    int32_t state_zero_point;
    const int32_t* bias;  // of each output
    int32_t output_multiplier, output_shift, output_zero_point;
} kws_svdf_params;

// input         [batches][input_count]
// output        [batches][filters / rank]
// memory        [batches][filters][memory] int8 or int16, the oldest value first; kept by the caller
void kws_svdf_s8(const int8_t* input, int8_t* output, int8_t* memory, const kws_svdf_params* params);
void kws_svdf_s16(const int8_t* input, int8_t* output, int8_t* memory, const kws_svdf_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_SVDF_S8_H_
