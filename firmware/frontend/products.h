// SPDX-License-Identifier: Apache-2.0
// Products of more than 32 bits, sums of them, and parts; each kind of core in its way, with the same bits.
//
// Cores without long products (Cortex-M0, M0+, M23) take factors apart into halves of 16 bits. Compilers call
// a function for that, which knows nothing of how large the factors are and what of the product is needed.

#ifndef EARSHOT_PRODUCTS_H_
#define EARSHOT_PRODUCTS_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

// kws_turn                    e^(-i * angle), of cosine and sine in Q31
//   kws_turn_of()
//   kws_rotate()              multiplies a complex number of less than 2^31 by it; re and im are rounded to
//                             nearest, halves up
// kws_product, kws_product_sum  of a number of 16 bits and a weight in Q31 that is not negative
//   kws_sample_product(), kws_magnitude_product()   of signed and of unsigned 16 bits
//   kws_no_products(), kws_add_product(), kws_sum_value()
//   kws_shifted_product()   product / 2^shift, rounded down, or to nearest and halves up; shift 1..31, the
//                           result fits
// kws_shifted_long_product()  likewise of two numbers of 32 bits; shift 1..62
// kws_add_square()            adds value^2 to a sum
// kws_share_of()              a part of a value: `share` is in Q32

#if KWS_HAS_SHORT_PRODUCTS

// high * 2^16 + low, low less than 2^16.
typedef struct kws_product {
    int32_t high;
    uint32_t low;
} kws_product;

typedef struct kws_product_sum {
    int64_t high;  // times 2^16
    uint32_t low;  // of at most 2^16 products
} kws_product_sum;

KWS_INLINE kws_product_sum kws_no_products(void) {
    const kws_product_sum sum = {0, 0};
    return sum;
}

KWS_INLINE kws_product kws_sample_product(int32_t sample, int32_t weight) {
    const int32_t lower = sample * (weight & 0xFFFF);
    const kws_product product = {sample * (weight >> 16) + (lower >> 16), (uint32_t)lower & 0xFFFFu};
    return product;
}

KWS_INLINE kws_product kws_magnitude_product(uint32_t magnitude, int32_t weight) {
    const uint32_t lower = magnitude * ((uint32_t)weight & 0xFFFFu);
    const kws_product product = {(int32_t)(magnitude * ((uint32_t)weight >> 16) + (lower >> 16)),
                                 lower & 0xFFFFu};
    return product;
}

KWS_INLINE void kws_add_product(kws_product_sum* sum, kws_product product) {
    sum->high += product.high;
    sum->low += product.low;
}

KWS_INLINE int64_t kws_sum_value(kws_product_sum sum) { return sum.high * 65536 + sum.low; }

KWS_INLINE int32_t kws_shifted_product(kws_product product, unsigned shift, int is_rounded) {
    const uint32_t half = is_rounded ? (uint32_t)1 << (shift - 1) : 0;
    if (shift > 16) return (product.high + (int32_t)(half >> 16)) >> (shift - 16);
    return (int32_t)(((uint32_t)product.high << (16 - shift)) + ((product.low + half) >> shift));
}

// What remains of a sum of 64 bits when it is taken apart at bit 16, twice.
typedef struct kws_long_sum {
    int32_t high;          // times 2^32
    uint32_t middle, low;  // times 2^16, and 1; each less than 2^18, so that they can be added
} kws_long_sum;

// Adds a * b, of four products of 16 bits each.
KWS_INLINE void kws_add_long(kws_long_sum* sum, int32_t a, int32_t b) {
    const int32_t a_high = a >> 16, b_high = b >> 16;
    const uint32_t a_low = (uint32_t)a & 0xFFFFu, b_low = (uint32_t)b & 0xFFFFu;
    const int32_t left = a_high * (int32_t)b_low, right = (int32_t)a_low * b_high;
    const uint32_t low = a_low * b_low;
    sum->high += a_high * b_high + (left >> 16) + (right >> 16);
    sum->middle += ((uint32_t)left & 0xFFFFu) + ((uint32_t)right & 0xFFFFu) + (low >> 16);
    sum->low += low & 0xFFFFu;
}

// high * 2^16 + low, which is -2^15 to 2^15. The sum of two products of lows fits into 32 bits, as those of
// numbers are never 2^15 and those of turns never -2^15.
typedef struct kws_halves {
    int32_t high, low;
} kws_halves;

typedef struct kws_turn {
    kws_halves cosine, sine;
} kws_turn;

KWS_INLINE kws_halves kws_halves_of(int32_t value) {
    const kws_halves halves = {((value >> 15) + 1) >> 1, (int16_t)value};
    return halves;
}

// 2 * high + (left + right + low / 2^16) / 2^15, rounded to nearest; left + right need not fit.
KWS_INLINE int32_t kws_joined(int32_t high, int32_t left, int32_t right, int32_t low) {
    const int32_t rest = (left & 0x7FFF) + right + (low >> 16) + 0x4000;
    return 2 * high + (left >> 15) + (rest >> 15);
}

KWS_INLINE kws_turn kws_turn_of(int32_t cosine, int32_t sine) {
    const kws_turn turn = {
        {(cosine >> 16) + ((cosine & 0xFFFF) > 0x8000), -(int16_t)(0u - (uint32_t)cosine)},
        {(sine >> 16) + ((sine & 0xFFFF) > 0x8000), -(int16_t)(0u - (uint32_t)sine)},
    };
    return turn;
}

KWS_INLINE void kws_rotate(int32_t* re, int32_t* im, kws_turn by) {
    const kws_halves x = kws_halves_of(*re), y = kws_halves_of(*im);
    *re = kws_joined(
        x.high * by.cosine.high + y.high * by.sine.high, x.high * by.cosine.low + y.high * by.sine.low,
        x.low * by.cosine.high + y.low * by.sine.high, x.low * by.cosine.low + y.low * by.sine.low);
    *im = kws_joined(
        y.high * by.cosine.high - x.high * by.sine.high, y.high * by.cosine.low - x.high * by.sine.low,
        y.low * by.cosine.high - x.low * by.sine.high, y.low * by.cosine.low - x.low * by.sine.low);
}

KWS_INLINE int32_t kws_shifted_long_product(int32_t a, int32_t b, unsigned shift, int is_rounded) {
    kws_long_sum sum = {0, 0, 0};
    kws_add_long(&sum, a, b);
    const uint32_t half = is_rounded ? (uint32_t)1 << ((shift - 1) % 32) : 0;
    const uint32_t before = sum.middle << 16 | sum.low;  // no carry: low is of one product
    const uint32_t low = before + (shift <= 32 ? half : 0);
    const int32_t high = sum.high + (int32_t)(sum.middle >> 16) + (low < before);
    if (shift > 32) return (high + (int32_t)half) >> (shift - 32);
    if (shift == 32) return high;
    return (int32_t)(low >> shift | (uint32_t)high << (32 - shift));
}

// a * b
KWS_INLINE uint64_t kws_long_product(uint32_t a, uint32_t b) {
    const uint32_t a_high = a >> 16, a_low = a & 0xFFFFu, b_high = b >> 16, b_low = b & 0xFFFFu;
    const uint32_t left = a_high * b_low, right = a_low * b_high, low = a_low * b_low;
    const uint32_t middle = (left & 0xFFFFu) + (right & 0xFFFFu) + (low >> 16);
    const uint32_t high = a_high * b_high + (left >> 16) + (right >> 16) + (middle >> 16);
    return (uint64_t)high << 32 | (middle << 16 | (low & 0xFFFFu));
}

KWS_INLINE void kws_add_square(uint64_t* sum, int32_t value) {
    const uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    *sum += kws_long_product(magnitude, magnitude);
}

KWS_INLINE uint64_t kws_share_of(uint64_t value, uint32_t share) {
    return kws_long_product((uint32_t)(value >> 32), share) +
           (kws_long_product((uint32_t)value, share) >> 32);
}

#else

typedef int64_t kws_product;
typedef int64_t kws_product_sum;

KWS_INLINE kws_product_sum kws_no_products(void) { return 0; }

KWS_INLINE kws_product kws_sample_product(int32_t sample, int32_t weight) { return (int64_t)sample * weight; }

KWS_INLINE kws_product kws_magnitude_product(uint32_t magnitude, int32_t weight) {
    return (int64_t)((uint64_t)magnitude * (uint32_t)weight);
}

KWS_INLINE void kws_add_product(kws_product_sum* sum, kws_product product) { *sum += product; }

KWS_INLINE int64_t kws_sum_value(kws_product_sum sum) { return sum; }

KWS_INLINE int32_t kws_shifted_product(kws_product product, unsigned shift, int is_rounded) {
    return (int32_t)((product + (is_rounded ? (int64_t)1 << (shift - 1) : 0)) >> shift);
}

KWS_INLINE int32_t kws_shifted_long_product(int32_t a, int32_t b, unsigned shift, int is_rounded) {
    return kws_shifted_product((int64_t)a * b, shift, is_rounded);
}

KWS_INLINE void kws_add_square(uint64_t* sum, int32_t value) { *sum += (uint64_t)((int64_t)value * value); }

KWS_INLINE uint64_t kws_share_of(uint64_t value, uint32_t share) {
    return (value >> 32) * share + (((value & UINT32_MAX) * share) >> 32);
}

#if KWS_HAS_LONG_PRODUCTS

// (a * b + c * d) / 2^31, rounded to nearest, halves up; the result fits. Of the sum in high and low it is
// 2 * high + its bit 31 + its bit 30, which rounds and which LSRS leaves in the carry.
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

#else

KWS_INLINE int32_t kws_two_products(int32_t a, int32_t b, int32_t c, int32_t d) {
    return (int32_t)(((int64_t)a * b + (int64_t)c * d + ((int64_t)1 << 30)) >> 31);
}

#endif

typedef struct kws_turn {
    int32_t cosine, sine, minus_sine;
} kws_turn;

KWS_INLINE kws_turn kws_turn_of(int32_t cosine, int32_t sine) {
    const kws_turn turn = {cosine, sine, -sine};
    return turn;
}

KWS_INLINE void kws_rotate(int32_t* re, int32_t* im, kws_turn by) {
    const int32_t x = *re, y = *im;
    *re = kws_two_products(x, by.cosine, y, by.sine);
    *im = kws_two_products(y, by.cosine, x, by.minus_sine);
}

#endif

KWS_END_CODE

#endif  // EARSHOT_PRODUCTS_H_
