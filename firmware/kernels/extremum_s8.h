// SPDX-License-Identifier: Apache-2.0
// MAXIMUM and MINIMUM on int8, with broadcasting; all tensors have one scale.

#ifndef EARSHOT_KERNELS_EXTREMUM_S8_H_
#define EARSHOT_KERNELS_EXTREMUM_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "broadcast.h"

KWS_BEGIN_CODE

typedef struct kws_extremum_params {
    kws_broadcast shape;
} kws_extremum_params;

// output        may be an input that is not repeated
void kws_maximum_s8(const int8_t* input1, const int8_t* input2, int8_t* output,
                    const kws_extremum_params* params);
void kws_minimum_s8(const int8_t* input1, const int8_t* input2, int8_t* output,
                    const kws_extremum_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_EXTREMUM_S8_H_
