// SPDX-License-Identifier: Apache-2.0
// How an operator that makes one value of many walks through its input.

#ifndef EARSHOT_KERNELS_REDUCE_H_
#define EARSHOT_KERNELS_REDUCE_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

// Dimensions outermost first, strides in elements.
typedef struct kws_reduce {
    int32_t kept[3], kept_strides[3];
    int32_t reduced[3], reduced_strides[3];
} kws_reduce;

// The next total, once a value is there.
typedef int32_t kws_reduce_step(int32_t total, int32_t value);

// The output of a total, -128..127.
typedef int32_t kws_reduce_finish(int32_t total, const void* params);

// Inlined as kws_walk_broadcast() is, and for the same reason.
//
// start         the total before any value
KWS_INLINE void kws_walk_reduce(const int8_t* input, int8_t* output, const kws_reduce* shape, int32_t start,
                                kws_reduce_step* step, kws_reduce_finish* finish, const void* params) {
    const int32_t *const kept = shape->kept, *const to = shape->kept_strides;
    const int32_t *const reduced = shape->reduced, *const by = shape->reduced_strides;
    for (int32_t i = 0; i < kept[0]; ++i) {
        for (int32_t j = 0; j < kept[1]; ++j) {
            for (int32_t k = 0; k < kept[2]; ++k) {
                const int8_t* const place = input + i * to[0] + j * to[1] + k * to[2];
                int32_t total = start;
                for (int32_t m = 0; m < reduced[0]; ++m) {
                    for (int32_t n = 0; n < reduced[1]; ++n) {
                        const int8_t* value = place + m * by[0] + n * by[1];
                        for (int32_t left = reduced[2]; left > 0; --left, value += by[2]) {
                            total = step(total, *value);
                        }
                    }
                }
                *output++ = (int8_t)finish(total, params);
            }
        }
    }
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_REDUCE_H_
