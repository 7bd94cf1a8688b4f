// SPDX-License-Identifier: Apache-2.0
#include "l2_normalization_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

#define OUTPUT_BITS 7  // behind the point

typedef struct root_scale {
    int32_t multiplier, shift;  // see kws_requantize()
} root_scale;

static root_scale make_scale(int32_t multiplier, int32_t shift) {
    const root_scale scale = {multiplier, shift};
    return scale;
}

// 1 / sqrt(square); 1 where that is 0.
static root_scale inverse_root(int32_t square) {
    if (square <= 1) return make_scale(INT32_MAX, 0);
    int32_t right = 11;
    for (; square >= (1 << 29); square /= 4) ++right;
    for (; square < (1 << 27); square *= 4) --right;
    // Newton's method for square / 2^29 in Q3.28, from 1.
    const int32_t half = kws_round_shift(square >> 1, 1);
    int32_t x = 1 << 28;
    for (int i = 0; i < 5; ++i) {
        const int32_t cube = kws_saturating_shift(kws_high_mul(kws_high_mul(x, x), x), 6);
        const int32_t three_halves = (1 << 28) + (1 << 27);
        x = kws_saturating_shift(kws_high_mul(three_halves, x) - kws_high_mul(half, cube), 3);
    }
    x = kws_high_mul(x, 1518500250);  // times sqrt(1/2) in Q0.31
    return right < 0 ? make_scale((int32_t)((uint32_t)x << -right), 0) : make_scale(x, -right);
}

void kws_l2_normalization_s8(const int8_t* input, int8_t* output, const kws_l2_normalization_params* params) {
    const kws_l2_normalization_params* const p = params;
    for (int32_t row = 0; row < p->rows; ++row, input += p->count, output += p->count) {
        int32_t square = 0;
        for (int32_t i = 0; i < p->count; ++i) {
            const int32_t value = input[i] - p->input_zero_point;
            square += value * value;
        }
        const root_scale root = inverse_root(square);
        for (int32_t i = 0; i < p->count; ++i) {
            const int32_t value = input[i] - p->input_zero_point;
            output[i] = kws_saturate(kws_requantize(value, root.multiplier, (int)root.shift + OUTPUT_BITS));
        }
    }
}

KWS_END_CODE
