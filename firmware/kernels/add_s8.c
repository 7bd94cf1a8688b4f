#include "add_s8.h"

#include "fixedpoint.h"

#define LEFT_SHIFT 20  // bits kept behind the point of each input

static int32_t add(int32_t a, int32_t b, const void* params) {
    const kws_add_params* const p = params;
    const int32_t scaled1 =
        kws_requantize((a + p->offset1) * (1 << LEFT_SHIFT), p->multiplier1, (int)p->shift1);
    const int32_t scaled2 =
        kws_requantize((b + p->offset2) * (1 << LEFT_SHIFT), p->multiplier2, (int)p->shift2);
    const int32_t sum = kws_requantize(scaled1 + scaled2, p->output_multiplier, (int)p->output_shift);
    return kws_clamp(sum + p->output_zero_point, p->activation_min, p->activation_max);
}

void kws_add_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_add_params* params) {
    kws_walk_broadcast(input1, input2, output, &params->shape, add, params);
}
