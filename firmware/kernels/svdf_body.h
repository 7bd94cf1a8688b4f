// SPDX-License-Identifier: Apache-2.0
// SVDF with a state of any type. svdf_s8.c and svdf_s16.c define KWS_SVDF, the name of the function,
// and KWS_STATE, the type, then include this.

#include <string.h>

#include "svdf_s8.h"

// The last values of KWS_DOT_OUTPUTS filters, one from each; the input is what they look at.
static void features(const int8_t* input, int32_t first, int32_t* values, const kws_svdf_params* p) {
    int32_t sums[KWS_DOT_OUTPUTS];
    KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) sums[i] = p->feature_bias[first + i];
    kws_dot(sums, input, p->feature_weights + first * p->padded_count, p->input_count);
    KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) values[i] = sums[i];
}

// Forgets the oldest value of a filter, remembers a new one, and weights all. The sum leaves bits at the top.
static uint32_t remember(KWS_STATE* state, int32_t value, const KWS_STATE* weights,
                         const kws_svdf_params* p) {
    memmove(state, state + 1, (size_t)(p->memory - 1) * sizeof(KWS_STATE));
    const int32_t scaled = kws_requantize(value, p->feature_multiplier, (int)p->feature_shift);
    const int32_t least = sizeof(KWS_STATE) == 1 ? INT8_MIN : INT16_MIN;
    state[p->memory - 1] = (KWS_STATE)(kws_clamp(scaled, least, -least - 1) + p->state_zero_point);
    uint32_t sum = 0;
    for (int32_t i = 0; i < p->memory; ++i) sum += (uint32_t)(weights[i] * (state[i] - p->state_zero_point));
    return sum;
}

void KWS_SVDF(const int8_t* input, int8_t* output, int8_t* memory, const kws_svdf_params* params) {
    const kws_svdf_params* const p = params;
    KWS_STATE* state = (KWS_STATE*)memory;
    for (int32_t batch = 0; batch < p->batches; ++batch, input += p->input_count) {
        const KWS_STATE* weights = (const KWS_STATE*)p->time_weights;
        int32_t values[KWS_DOT_OUTPUTS];
        uint32_t sum = 0;
        for (int32_t filter = 0; filter < p->filters; ++filter) {
            const int32_t lane = filter % KWS_DOT_OUTPUTS, unit = filter / p->rank;
            if (lane == 0) features(input, filter, values, p);
            if (filter % p->rank == 0) sum = (uint32_t)p->bias[unit];
            sum += remember(state, values[lane], weights, p);
            state += p->memory;
            weights += p->memory;
            if ((filter + 1) % p->rank != 0) continue;
            const int32_t scaled = kws_requantize((int32_t)sum, p->output_multiplier, (int)p->output_shift);
            *output++ = (int8_t)kws_clamp(scaled + p->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
}
