// SPDX-License-Identifier: Apache-2.0
#include "softmax_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

// What the values of a row have in common.
typedef struct softmax_row {
    int32_t largest;     // input
    int32_t reciprocal;  // of the sum of all exponentials, in Q0.31 of the power of two above it
    int right;           // shift to steps of the output
} softmax_row;

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

// bits          of an output
static softmax_row look_at_row(const int8_t* input, const kws_softmax_params* p, int bits) {
    softmax_row row;
    row.largest = INT8_MIN;
    for (int32_t i = 0; i < p->count; ++i) row.largest = input[i] > row.largest ? input[i] : row.largest;
    int32_t total = 0;  // Q12.19
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t difference = input[i] - row.largest;
        if (difference < p->difference_min) continue;
        total += kws_round_shift(exponential(difference, p), KWS_SOFTMAX_SUM_BITS);
    }
    // total = 2^(KWS_SOFTMAX_SUM_BITS - zeros) * (1 + fraction)
    const int zeros = leading_zeros((uint32_t)total);
    const int32_t fraction = (int32_t)(((uint32_t)total << zeros) - 0x80000000u);  // Q0.31
    row.reciprocal = kws_one_over_one_plus(fraction);
    row.right = KWS_SOFTMAX_SUM_BITS - zeros + 31 - bits;
    return row;
}

// Steps above the least output.
static int32_t softmax_steps(int8_t value, softmax_row row, const kws_softmax_params* p) {
    const int32_t difference = value - row.largest;
    if (difference < p->difference_min) return 0;
    return kws_round_shift(kws_high_mul(row.reciprocal, exponential(difference, p)), row.right);
}

void kws_softmax_s8(const int8_t* input, int8_t* output, const kws_softmax_params* params) {
    for (int32_t n = 0; n < params->rows; ++n, input += params->count, output += params->count) {
        const softmax_row row = look_at_row(input, params, 8);
        for (int32_t i = 0; i < params->count; ++i) {
            const int32_t steps = softmax_steps(input[i], row, params);
            output[i] = (int8_t)kws_clamp(steps + INT8_MIN, INT8_MIN, INT8_MAX);
        }
    }
}

void kws_softmax_s8_s16(const int8_t* input, int16_t* output, const kws_softmax_params* params) {
    for (int32_t n = 0; n < params->rows; ++n, input += params->count, output += params->count) {
        const softmax_row row = look_at_row(input, params, 16);
        for (int32_t i = 0; i < params->count; ++i) {
            const int32_t steps = softmax_steps(input[i], row, params);
            output[i] = (int16_t)kws_clamp(steps + INT16_MIN, INT16_MIN, INT16_MAX);
        }
    }
}

KWS_END_CODE
