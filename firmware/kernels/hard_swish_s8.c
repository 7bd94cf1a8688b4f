// SPDX-License-Identifier: Apache-2.0
#include "hard_swish_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

// a * b in Q0.15, rounded to nearest, halves up.
static int32_t high_mul_16(int32_t a, int32_t b) { return (a * b + (1 << 14)) >> 15; }

// relu6(x + 3) / 6 in Q0.15, not negative; x in fine steps.
static int32_t hard_swish_gate(int32_t fine, const kws_hard_swish_params* p) {
    const int left = p->gate_shift > 0 ? (int)p->gate_shift : 0;
    const int right = p->gate_shift > 0 ? 0 : -(int)p->gate_shift;
    // Of a shift to the left the last bit comes after the product, where saturation is to happen.
    const int32_t wide = left > 0 ? kws_clamp_16(fine * (1 << (left - 1))) : fine;
    const int32_t product = high_mul_16(wide, p->gate_multiplier);
    const int32_t third = left > 0 ? kws_clamp_16(product * 2) : kws_round_shift(product, right);
    return (third + (1 << 15)) >> 1;
}

void kws_hard_swish_s8(const int8_t* input, int8_t* output, const kws_hard_swish_params* params) {
    const kws_hard_swish_params* const p = params;
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t fine = (input[i] - p->input_zero_point) * KWS_HARD_SWISH_STEPS;
        const int32_t scaled = high_mul_16(fine, p->output_multiplier);
        const int32_t product = hard_swish_gate(fine, p) * scaled / (1 << 15);  // towards zero
        output[i] = kws_saturate(kws_round_shift(product, -(int)p->output_shift) + p->output_zero_point);
    }
}

KWS_END_CODE
