// SPDX-License-Identifier: Apache-2.0
// Arithmetic of pairs of int16, such as complex numbers: the real part is the lower half of a word.
//
// Cores with the DSP extension have an instruction or a few for each; the others compute the same bits.
// Sums wrap around, products are rounded to nearest, halves up.

#ifndef EARSHOT_MICRO_PAIRS_H_
#define EARSHOT_MICRO_PAIRS_H_

#include <stdint.h>

#include "../compiler.h"

#if KWS_HAS_DSP
#include <arm_acle.h>
#endif

KWS_BEGIN_CODE

typedef uint32_t kws_pair;

KWS_INLINE int16_t kws_pair_low(kws_pair pair) { return (int16_t)(uint16_t)pair; }
KWS_INLINE int16_t kws_pair_high(kws_pair pair) { return (int16_t)(uint16_t)(pair >> 16); }

KWS_INLINE kws_pair kws_pair_of(int32_t low, int32_t high) {
    return ((uint32_t)low & 0xFFFFu) | (uint32_t)high << 16;
}

// Two neighbours of an array.
KWS_INLINE kws_pair kws_pair_load(const int16_t* values) {
#if KWS_HAS_DSP
    typedef kws_pair KWS_MAY_ALIAS(2) any_pair;
    return *(const any_pair*)values;
#else
    return kws_pair_of(values[0], values[1]);
#endif
}

// The sign of the high half turned around, where it has one: -32768 stays.
KWS_INLINE kws_pair kws_pair_conjugate(kws_pair a) { return (a ^ 0xFFFF0000u) + 0x10000u; }

#if KWS_HAS_DSP

// The low half of `low` >> bits, and the high half of `high`.
#define KWS_PAIR_PACK(pair, high, low, bits) \
    __asm__("pkhtb %0, %1, %2, asr #" #bits : "=r"(pair) : "r"(high), "r"(low))

KWS_INLINE kws_pair kws_pair_add(kws_pair a, kws_pair b) {
    return (kws_pair)__sadd16((int16x2_t)a, (int16x2_t)b);
}

KWS_INLINE kws_pair kws_pair_subtract(kws_pair a, kws_pair b) {
    return (kws_pair)__ssub16((int16x2_t)a, (int16x2_t)b);
}

// a - i * b
KWS_INLINE kws_pair kws_pair_subtract_turned(kws_pair a, kws_pair b) {
    return (kws_pair)__ssax((int16x2_t)a, (int16x2_t)b);
}

// a + i * b
KWS_INLINE kws_pair kws_pair_add_turned(kws_pair a, kws_pair b) {
    return (kws_pair)__sasx((int16x2_t)a, (int16x2_t)b);
}

// Halves of the true sum and difference, rounded down.
KWS_INLINE kws_pair kws_pair_half_sum(kws_pair a, kws_pair b) {
    return (kws_pair)__shadd16((int16x2_t)a, (int16x2_t)b);
}

KWS_INLINE kws_pair kws_pair_half_difference(kws_pair a, kws_pair b) {
    return (kws_pair)__shsub16((int16x2_t)a, (int16x2_t)b);
}

// Each half times a factor in Q15 below a half. KWS_PAIR_FACTOR makes the constant of it.
#define KWS_PAIR_FACTOR(factor) ((uint32_t)(factor) | (uint32_t)(factor) << 17)

KWS_INLINE kws_pair kws_pair_scale(kws_pair a, uint32_t factor) {
    const int32_t low = __smlabb((int32_t)a, (int32_t)factor, 1 << 14);
    const int32_t high = __smlatt((int32_t)a, (int32_t)factor, 1 << 15);  // twice the product
    kws_pair pair;
    KWS_PAIR_PACK(pair, high, low, 15);
    return pair;
}

// The complex product with a factor in Q15.
KWS_INLINE kws_pair kws_pair_multiply(kws_pair a, kws_pair factor) {
    const int32_t real = __smlsd((int16x2_t)a, (int16x2_t)factor, 1 << 14);
    const int32_t imaginary = __smladx((int16x2_t)a, (int16x2_t)factor, 1 << 14);
    kws_pair pair;
    KWS_PAIR_PACK(pair, imaginary * 2, real, 15);
    return pair;
}

// The square of the magnitude.
KWS_INLINE uint32_t kws_pair_power(kws_pair a) { return (uint32_t)__smuad((int16x2_t)a, (int16x2_t)a); }

// The squared magnitude of the low half of one and the high half of the other.
KWS_INLINE uint32_t kws_pair_mixed_power(kws_pair low, kws_pair high) {
    return (uint32_t)__smlatt((int32_t)high, (int32_t)high, kws_pair_low(low) * kws_pair_low(low));
}

// Each half times that of the other >> 12, rounded down.
KWS_INLINE kws_pair kws_pair_weight(kws_pair a, kws_pair weight) {
    const int32_t low = kws_pair_low(a) * kws_pair_low(weight);
    const int32_t high = kws_pair_high(a) * kws_pair_high(weight);
    kws_pair pair;
    KWS_PAIR_PACK(pair, high * 16, low, 12);
    return pair;
}

// Magnitudes; that of -32768 is 32768.
KWS_INLINE kws_pair kws_pair_magnitudes(kws_pair a) {
    const uint8x4_t negated = (uint8x4_t)__ssub16(0, (int16x2_t)a);  // leaves in the flags where it is larger
    return (kws_pair)__sel(negated, (uint8x4_t)a);
}

#else

KWS_INLINE kws_pair kws_pair_add(kws_pair a, kws_pair b) {
    return ((a & 0xFFFF0000u) + (b & 0xFFFF0000u)) | ((a + b) & 0xFFFFu);
}

KWS_INLINE kws_pair kws_pair_subtract(kws_pair a, kws_pair b) {
    return ((a & 0xFFFF0000u) - (b & 0xFFFF0000u)) | ((a - b) & 0xFFFFu);
}

KWS_INLINE kws_pair kws_pair_subtract_turned(kws_pair a, kws_pair b) {
    return ((a & 0xFFFF0000u) - (b << 16)) | ((a + (b >> 16)) & 0xFFFFu);
}

KWS_INLINE kws_pair kws_pair_add_turned(kws_pair a, kws_pair b) {
    return ((a & 0xFFFF0000u) + (b << 16)) | ((a - (b >> 16)) & 0xFFFFu);
}

KWS_INLINE kws_pair kws_pair_half_sum(kws_pair a, kws_pair b) {
    return kws_pair_of((kws_pair_low(a) + kws_pair_low(b)) >> 1, (kws_pair_high(a) + kws_pair_high(b)) >> 1);
}

KWS_INLINE kws_pair kws_pair_half_difference(kws_pair a, kws_pair b) {
    return kws_pair_of((kws_pair_low(a) - kws_pair_low(b)) >> 1, (kws_pair_high(a) - kws_pair_high(b)) >> 1);
}

#define KWS_PAIR_FACTOR(factor) ((uint32_t)(factor))

KWS_INLINE kws_pair kws_pair_scale(kws_pair a, uint32_t factor) {
    const int32_t half = 1 << 14, times = (int32_t)factor;
    return kws_pair_of((kws_pair_low(a) * times + half) >> 15, (kws_pair_high(a) * times + half) >> 15);
}

KWS_INLINE kws_pair kws_pair_multiply(kws_pair a, kws_pair factor) {
    const int32_t half = 1 << 14;
    const int32_t re = kws_pair_low(a), im = kws_pair_high(a);
    const int32_t cosine = kws_pair_low(factor), sine = kws_pair_high(factor);
    return kws_pair_of((re * cosine - im * sine + half) >> 15, (re * sine + im * cosine + half) >> 15);
}

KWS_INLINE uint32_t kws_pair_mixed_power(kws_pair low, kws_pair high) {
    const int32_t re = kws_pair_low(low), im = kws_pair_high(high);
    return (uint32_t)(re * re) + (uint32_t)(im * im);
}

KWS_INLINE uint32_t kws_pair_power(kws_pair a) { return kws_pair_mixed_power(a, a); }

KWS_INLINE kws_pair kws_pair_weight(kws_pair a, kws_pair weight) {
    return kws_pair_of((kws_pair_low(a) * kws_pair_low(weight)) >> 12,
                       (kws_pair_high(a) * kws_pair_high(weight)) >> 12);
}

KWS_INLINE kws_pair kws_pair_magnitudes(kws_pair a) {
    const int32_t low = kws_pair_low(a), high = kws_pair_high(a);
    return kws_pair_of(low < 0 ? -low : low, high < 0 ? -high : high);
}

#endif

KWS_END_CODE

#endif  // EARSHOT_MICRO_PAIRS_H_
