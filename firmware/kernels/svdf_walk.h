// SPDX-License-Identifier: Apache-2.0
// SVDF with a state of int8 or of int16; svdf_s8.c and svdf_s16.c are one of them each.

#ifndef EARSHOT_KERNELS_SVDF_WALK_H_
#define EARSHOT_KERNELS_SVDF_WALK_H_

#include <stdint.h>
#include <string.h>

#include "../compiler.h"
#include "fixedpoint.h"
#include "svdf_s8.h"
#include "tile.h"

KWS_BEGIN_CODE

// The last values of KWS_DOT_OUTPUTS filters, one from each; the input is what they look at.
static inline void kws_svdf_features(const int8_t* input, int32_t first, int32_t* values,
                                     const kws_svdf_params* p) {
    int32_t sums[KWS_DOT_OUTPUTS];
    KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) sums[i] = p->feature_bias[first + i];
    kws_dot(sums, input, p->feature_weights + first * p->padded_count, p->input_count);
    KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) values[i] = sums[i];
}

// Item `i` of an array of int8 or int16.
KWS_INLINE int32_t kws_svdf_item(const void* items, int32_t i, int item_bytes) {
    return item_bytes == 1 ? ((const int8_t*)items)[i] : ((const int16_t*)items)[i];
}

// Forgets the oldest value of a filter, remembers a new one, and weights all. The sum leaves bits at the top.
KWS_INLINE uint32_t kws_svdf_remember(void* state, int32_t value, const void* weights, int item_bytes,
                                      const kws_svdf_params* p) {
    const int32_t last = p->memory - 1, least = item_bytes == 1 ? INT8_MIN : INT16_MIN;
    const int32_t scaled = kws_requantize(value, p->feature_multiplier, (int)p->feature_shift);
    const int32_t newest = kws_clamp(scaled, least, -least - 1) + p->state_zero_point;
    memmove(state, (const int8_t*)state + item_bytes, (size_t)last * (size_t)item_bytes);
    if (item_bytes == 1) {
        ((int8_t*)state)[last] = (int8_t)newest;
    } else {
        ((int16_t*)state)[last] = (int16_t)newest;
    }
    uint32_t sum = 0;
    for (int32_t i = 0; i < p->memory; ++i) {
        const int32_t kept = kws_svdf_item(state, i, item_bytes) - p->state_zero_point;
        sum += (uint32_t)(kws_svdf_item(weights, i, item_bytes) * kept);
    }
    return sum;
}

// The body of kws_svdf_s8() and kws_svdf_s16().
//
// item_bytes    of an item of the state and of its weights: 1 or 2
KWS_INLINE void kws_svdf_walk(const int8_t* input, int8_t* output, int8_t* memory, int item_bytes,
                              const kws_svdf_params* p) {
    int8_t* state = memory;
    const int32_t filter_bytes = p->memory * item_bytes;
    for (int32_t batch = 0; batch < p->batches; ++batch, input += p->input_count) {
        const int8_t* weights = (const int8_t*)p->time_weights;
        int32_t values[KWS_DOT_OUTPUTS];
        uint32_t sum = 0;
        for (int32_t filter = 0; filter < p->filters; ++filter) {
            const int32_t lane = filter % KWS_DOT_OUTPUTS, unit = filter / p->rank;
            if (lane == 0) kws_svdf_features(input, filter, values, p);
            if (filter % p->rank == 0) sum = (uint32_t)p->bias[unit];
            sum += kws_svdf_remember(state, values[lane], weights, item_bytes, p);
            state += filter_bytes;
            weights += filter_bytes;
            if ((filter + 1) % p->rank != 0) continue;
            const int32_t scaled = kws_requantize((int32_t)sum, p->output_multiplier, (int)p->output_shift);
            *output++ = (int8_t)kws_clamp(scaled + p->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_SVDF_WALK_H_
