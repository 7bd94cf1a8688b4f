// SPDX-License-Identifier: Apache-2.0
#include "logistic_s8.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

// 1 / (1 + e^-x) in Q0.31, x in Q4.27.
static int32_t logistic(int32_t x) {
    if (x == 0) return (int32_t)1 << 30;
    const int32_t of_magnitude =
        kws_one_over_one_plus(kws_exp_negative(x > 0 ? -x : x, KWS_LOGISTIC_INTEGER_BITS));
    return x > 0 ? of_magnitude : INT32_MAX - of_magnitude;
}

void kws_logistic_s8(const int8_t* input, int8_t* output, const kws_logistic_params* params) {
    const kws_logistic_params* const p = params;
    for (int32_t i = 0; i < p->count; ++i) {
        const int32_t value = input[i] - p->input_zero_point;
        int32_t steps = value <= -p->radius ? 0 : 256;
        if (value > -p->radius && value < p->radius) {
            steps = kws_round_shift(logistic(kws_requantize(value, p->multiplier, (int)p->shift)), 31 - 8);
        }
        output[i] = (int8_t)kws_clamp(steps + INT8_MIN, INT8_MIN, INT8_MAX);
    }
}

KWS_END_CODE
