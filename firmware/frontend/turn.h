// SPDX-License-Identifier: Apache-2.0
// One component of a complex product, rounded once; each kind of core in its way, with the same bits.

#ifndef EARSHOT_TURN_H_
#define EARSHOT_TURN_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

// (a * b + c * d) / 2^31, rounded to nearest, halves up; the result fits.
#if KWS_HAS_LONG_PRODUCTS

// Of the sum in high and low: 2 * high + its bit 31 + its bit 30, which rounds and which LSRS leaves in the
// carry.
KWS_INLINE int32_t kws_two_products(int32_t a, int32_t b, int32_t c, int32_t d) {
    int32_t low, high;
    __asm__(
        "smull %0, %1, %2, %3\n\t"
        "smlal %0, %1, %4, %5\n\t"
        "lsrs %0, %0, #31\n\t"
        "adc %1, %0, %1, lsl #1"
        : "=&r"(low), "=&r"(high)
        : "r"(a), "r"(b), "r"(c), "r"(d)
        : "cc");
    return high;
}

#elif KWS_HAS_SHORT_PRODUCTS

// What remains of a sum of 64 bits when it is taken apart at bit 16, twice.
typedef struct kws_long_sum {
    int32_t high;          // times 2^32
    uint32_t middle, low;  // times 2^16, and 1; each less than 2^18, so that they can be added
} kws_long_sum;

// Adds a * b, of four products of 16 bits each.
KWS_INLINE void kws_add_product(kws_long_sum* sum, int32_t a, int32_t b) {
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const uint32_t a_low = (uint32_t)a & 0xFFFFu, b_low = (uint32_t)b & 0xFFFFu;
    const int32_t left = a_high * (int32_t)b_low, right = (int32_t)a_low * b_high;
    const uint32_t low = a_low * b_low;
    sum->high += a_high * b_high + (left >> 16) + (right >> 16);
    sum->middle += ((uint32_t)left & 0xFFFFu) + ((uint32_t)right & 0xFFFFu) + (low >> 16);
    sum->low += low & 0xFFFFu;
}

KWS_INLINE int32_t kws_two_products(int32_t a, int32_t b, int32_t c, int32_t d) {
    kws_long_sum sum = {0, 1u << 14, 0};  // half a step
    kws_add_product(&sum, a, b);
    kws_add_product(&sum, c, d);
    const uint32_t middle = sum.middle + (sum.low >> 16);
    return (int32_t)(((uint32_t)sum.high << 1) + (middle >> 15));
}

#else

KWS_INLINE int32_t kws_two_products(int32_t a, int32_t b, int32_t c, int32_t d) {
    return (int32_t)(((int64_t)a * b + (int64_t)c * d + ((int64_t)1 << 30)) >> 31);
}

#endif

KWS_END_CODE

#endif  // EARSHOT_TURN_H_
