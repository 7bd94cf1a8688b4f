// SPDX-License-Identifier: Apache-2.0
// How two inputs of an elementwise operator are walked through.

#ifndef EARSHOT_KERNELS_BROADCAST_H_
#define EARSHOT_KERNELS_BROADCAST_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_broadcast {
    int32_t dims[4];      // of the output, outermost first
    int32_t strides1[4];  // of the first input, in elements; 0 where it is repeated
    int32_t strides2[4];
} kws_broadcast;

// One element of the output, -128..127.
typedef int32_t kws_combine(int32_t a, int32_t b, const void* params);

// output[...] = combine(input1[...], input2[...], params), row by row.
//
// Inlined whatever the optimizer thinks: the call of combine is then a direct one, which costs nothing and
// lets hil/boards/stack.py bound the stack.
KWS_INLINE void kws_walk_broadcast(const int8_t* input1, const int8_t* input2, int8_t* output,
                                   const kws_broadcast* shape, kws_combine* combine, const void* params) {
    const int32_t* const dims = shape->dims;
    const int32_t *const s1 = shape->strides1, *const s2 = shape->strides2;
    const int32_t step1 = s1[3], step2 = s2[3];
    for (int32_t i = 0; i < dims[0]; ++i) {
        for (int32_t j = 0; j < dims[1]; ++j) {
            for (int32_t k = 0; k < dims[2]; ++k) {
                const int8_t* a = input1 + i * s1[0] + j * s1[1] + k * s1[2];
                const int8_t* b = input2 + i * s2[0] + j * s2[1] + k * s2[2];
                for (int32_t left = dims[3]; left > 0; --left, a += step1, b += step2) {
                    *output++ = (int8_t)combine(*a, *b, params);
                }
            }
        }
    }
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_BROADCAST_H_
