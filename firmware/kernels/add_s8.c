// SPDX-License-Identifier: Apache-2.0
#include "add_s8.h"

#include "tile.h"

KWS_BEGIN_CODE

#define ADD_LEFT_SHIFT 20  // bits kept behind the point of the first input, doubled

KWS_INLINE int32_t add_values(int32_t a, int32_t b, const void* params) {
    const kws_add_params* const p = (const kws_add_params*)params;
    const int right2 = (int)p->right2, right = (int)p->output_right;
    const int32_t scaled1 = (a + p->offset1) * (1 << ADD_LEFT_SHIFT);
    const int32_t scaled2 =
        kws_rounded((b + p->offset2) * p->step2, p->multiplier2, right2, 1 << (right2 - 1));
    const int32_t sum = kws_rounded(scaled1 + 2 * scaled2, p->output_multiplier, right, 1 << (right - 1));
    return kws_clamp(sum + p->output_zero_point, p->activation_min, p->activation_max);
}

void kws_add_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_add_params* params) {
    const kws_add_params copy = *params;  // for all the compiler knows, an output may lie over the original
    kws_walk_broadcast(input1, input2, output, &copy.shape, add_values, &copy);
}

KWS_END_CODE
