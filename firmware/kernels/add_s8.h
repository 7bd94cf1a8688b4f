// ADD on int8, with broadcasting.

#ifndef EARSHOT_KERNELS_ADD_S8_H_
#define EARSHOT_KERNELS_ADD_S8_H_

#include <stdint.h>

#include "broadcast.h"

typedef struct kws_add_params {
    kws_broadcast shape;
    int32_t offset1, multiplier1,
        shift1;  // of the first input: -zero point, and scale to half the larger one
    int32_t offset2, multiplier2, shift2;
    int32_t output_zero_point, output_multiplier, output_shift;
    int32_t activation_min, activation_max;
} kws_add_params;

// output        may be an input that is not repeated
void kws_add_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_add_params* params);

#endif  // EARSHOT_KERNELS_ADD_S8_H_
