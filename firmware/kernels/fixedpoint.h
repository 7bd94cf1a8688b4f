// SPDX-License-Identifier: Apache-2.0
// Fixed-point arithmetic that gives the bits TFLite-Micro's reference kernels give.
//
// Qn.m is a signed 32-bit number with n integer bits and m behind the point.
// Source: gemmlowp, fixedpoint/fixedpoint.h; tflite-micro, kernels/internal/common.cc (double rounding).

#ifndef EARSHOT_KERNELS_FIXEDPOINT_H_
#define EARSHOT_KERNELS_FIXEDPOINT_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

// a * b / 2^31, rounded to nearest, halves up. Not for a == b == INT32_MIN.
static inline int32_t kws_high_mul(int32_t a, int32_t b) {
    return (int32_t)(((int64_t)a * b + ((int64_t)1 << 30)) >> 31);
}

// value / 2^bits, rounded to nearest, halves away from zero; bits 0..31.
static inline int32_t kws_round_shift(int32_t value, int bits) {
    const int32_t mask = (int32_t)(((uint32_t)1 << bits) - 1);
    const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> bits) + ((value & mask) > threshold ? 1 : 0);
}

// value * multiplier / 2^31 * 2^shift, rounded twice: after the product and after a shift to the right.
//
// multiplier    0, or 2^30..2^31-1
// shift         -31..30; positive is to the left, where bits that leave at the top are lost
static inline int32_t kws_requantize(int32_t value, int32_t multiplier, int shift) {
    const int left = shift > 0 ? shift : 0;
    const int right = shift > 0 ? 0 : -shift;
    const int32_t shifted = (int32_t)((uint32_t)value << left);
    return kws_round_shift(kws_high_mul(shifted, multiplier), right);
}

// a + b; what does not fit into 32 bits wraps around, as it does in registers.
static inline int32_t kws_add(int32_t a, int32_t b) { return (int32_t)((uint32_t)a + (uint32_t)b); }

static inline int32_t kws_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

// The int16 nearest to value.
static inline int32_t kws_clamp_16(int32_t value) { return kws_clamp(value, INT16_MIN, INT16_MAX); }

// The int8 nearest to value.
static inline int8_t kws_saturate(int32_t value) {
#if KWS_HAS_SATURATION
    int32_t result;
    KWS_SATURATE_TO_8_BITS(result, value);
    return (int8_t)result;
#else
    return (int8_t)kws_clamp(value, INT8_MIN, INT8_MAX);
#endif
}

// value * 2^bits, or the end of the range that it would leave.
static inline int32_t kws_saturating_shift(int32_t value, int bits) {
    const int32_t limit = ((int32_t)1 << (31 - bits)) - 1;
    if (value > limit) return INT32_MAX;
    if (value < -limit) return INT32_MIN;
    return value * ((int32_t)1 << bits);
}

// e^value in Q0.31, at most INT32_MAX.
//
// value         Q(integer_bits).(31 - integer_bits), not positive
// integer_bits  2..5
static inline int32_t kws_exp_negative(int32_t value, int integer_bits) {
    // e^-(2^k) in Q0.31, k = -2..4
    static const int32_t powers[] = {1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242};
    if (value == 0) return INT32_MAX;
    const int fraction_bits = 31 - integer_bits;
    const int32_t quarter = (int32_t)1 << (fraction_bits - 2);
    const int32_t below_quarter = (value & (quarter - 1)) - quarter;  // in [-1/4, 0)

    // Taylor around -1/8 in Q0.31: e^-1/8 * (1 + x + x^2/2 + x^3/6 + x^4/24)
    const int32_t centre = 1895147668;  // e^-1/8
    const int32_t third = 715827883;
    const int32_t x = below_quarter * ((int32_t)1 << integer_bits) + ((int32_t)1 << 28);
    const int32_t x2 = kws_high_mul(x, x);
    const int32_t x3 = kws_high_mul(x2, x);
    const int32_t x4 = kws_high_mul(x2, x2);
    const int32_t cubic = kws_high_mul(kws_round_shift(x4, 2) + x3, third);
    int32_t result = centre + kws_high_mul(centre, x + kws_round_shift(cubic + x2, 1));

    const int32_t quarters = below_quarter - value;  // a multiple of 1/4: one factor per bit that is set
    for (int k = -2; k < integer_bits; ++k) {
        if (quarters & ((int32_t)1 << (fraction_bits + k))) result = kws_high_mul(result, powers[k + 2]);
    }
    return result;
}

// 1 / (1 + x) in Q0.31, x in Q0.31 and not negative: Newton's method from 48/17 - 32/17 * d.
static inline int32_t kws_one_over_one_plus(int32_t x) {
    const int32_t half_denominator = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);  // d, in [1/2, 1]
    int32_t estimate = 1515870810 + kws_high_mul(half_denominator, -1010580540);   // Q2.29
    for (int i = 0; i < 3; ++i) {
        const int32_t error = ((int32_t)1 << 29) - kws_high_mul(half_denominator, estimate);
        estimate += kws_saturating_shift(kws_high_mul(estimate, error), 2);
    }
    return kws_saturating_shift(estimate, 1);  // 1/d is twice the result
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_FIXEDPOINT_H_
