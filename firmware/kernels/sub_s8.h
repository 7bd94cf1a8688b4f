// SPDX-License-Identifier: Apache-2.0
// SUB and SQUARED_DIFFERENCE on int8, with broadcasting.

#ifndef EARSHOT_KERNELS_SUB_S8_H_
#define EARSHOT_KERNELS_SUB_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "broadcast.h"
#include "fixedpoint.h"

KWS_BEGIN_CODE

// Both inputs are brought to one scale.
typedef struct kws_sub_params {
    kws_broadcast shape;
    int32_t step;                          // what an input is multiplied by first
    int32_t offset1, multiplier1, shift1;  // -zero point; see kws_requantize()
    int32_t offset2, multiplier2, shift2;
    int32_t output_multiplier, output_shift, output_zero_point;
    int32_t activation_min, activation_max;
} kws_sub_params;

// output        may be an input that is not repeated
void kws_sub_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_sub_params* params);
void kws_squared_difference_s8(const int8_t* input1, const int8_t* input2, int8_t* output,
                               const kws_sub_params* params);

// a - b at the scale of both.
static inline int32_t kws_difference(int32_t a, int32_t b, const kws_sub_params* p) {
    return kws_requantize((a + p->offset1) * p->step, p->multiplier1, (int)p->shift1) -
           kws_requantize((b + p->offset2) * p->step, p->multiplier2, (int)p->shift2);
}

static inline int32_t kws_difference_to_output(int32_t value, const kws_sub_params* p) {
    const int32_t scaled = kws_requantize(value, p->output_multiplier, (int)p->output_shift);
    return kws_clamp(scaled + p->output_zero_point, p->activation_min, p->activation_max);
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_SUB_S8_H_
