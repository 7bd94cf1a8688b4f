// SPDX-License-Identifier: Apache-2.0
#include "softmax_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

static int leading_zeros(uint32_t value) {
    int count = 0;
    for (; count < 32 && !(value & 0x80000000u); ++count) value <<= 1;
    return count;
}

// e^difference in Q0.31; difference not positive.
static int32_t exponential(int32_t difference, const kws_softmax_params* p) {
    return kws_exp_negative(kws_requantize(difference, p->multiplier, (int)p->shift),
                            KWS_SOFTMAX_INTEGER_BITS);
}

static void softmax_row(const int8_t* input, int8_t* output, const kws_softmax_params* p) {
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < p->count; ++i) largest = input[i] > largest ? input[i] : largest;
    int32_t total = 0;  // Q12.19
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t difference = input[i] - largest;
        if (difference < p->difference_min) continue;
        total += kws_round_shift(exponential(difference, p), KWS_SOFTMAX_SUM_BITS);
    }
    // total = 2^(KWS_SOFTMAX_SUM_BITS - zeros) * (1 + fraction)
    const int zeros = leading_zeros((uint32_t)total);
    const int32_t fraction = (int32_t)(((uint32_t)total << zeros) - 0x80000000u);  // Q0.31
    const int32_t reciprocal = kws_one_over_one_plus(fraction);                    // Q0.31
    const int right = KWS_SOFTMAX_SUM_BITS - zeros + 31 - 8;                       // to steps of 1/256
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t difference = input[i] - largest;
        int32_t steps = 0;
        if (difference >= p->difference_min) {
            steps = kws_round_shift(kws_high_mul(reciprocal, exponential(difference, p)), right);
        }
        output[i] = (int8_t)kws_clamp(steps + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

void kws_softmax_s8(const int8_t* input, int8_t* output, const kws_softmax_params* params) {
    for (int32_t row = 0; row < params->rows; ++row) {
        softmax_row(input + row * params->count, output + row * params->count, params);
    }
}

KWS_END_CODE
