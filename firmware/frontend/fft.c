// SPDX-License-Identifier: Apache-2.0
#include "fft.h"

#include "../compiler.h"

KWS_BEGIN_CODE

#if !KWS_FRONTEND_MICRO

#define COMPLEX_LENGTH (KWS_FFT_LENGTH / 2)

typedef struct complex32 {
    int32_t re, im;
} complex32;

// value * e^(-2*pi*i*index/KWS_FFT_LENGTH), each component rounded once; 0 <= index < 3/4 turn.
static inline complex32 rotate(complex32 value, unsigned index) {
    const int64_t half = (int64_t)1 << 30;
    const int32_t cosine = kws_sine[index + KWS_FFT_LENGTH / 4];  // Q31
    const int32_t sine = kws_sine[index];
    const complex32 result = {
        (int32_t)(((int64_t)value.re * cosine + (int64_t)value.im * sine + half) >> 31),
        (int32_t)(((int64_t)value.im * cosine - (int64_t)value.re * sine + half) >> 31),
    };
    return result;
}

static inline complex32 complex_add(complex32 a, complex32 b) {
    const complex32 sum = {a.re + b.re, a.im + b.im};
    return sum;
}

static inline complex32 complex_subtract(complex32 a, complex32 b) {
    const complex32 difference = {a.re - b.re, a.im - b.im};
    return difference;
}

// Four interleaved transforms of `length` points each, lying one after the other, become one
// of 4 * length. In bit-reversed order the middle two are swapped: blocks hold the inputs
// 0, 2, 1, 3 modulo 4.
static void merge_four(complex32* data, unsigned length) {
    const unsigned turn = KWS_FFT_LENGTH / (4 * length);  // table step of one output
    for (complex32* block = data; block < data + COMPLEX_LENGTH; block += 4 * length) {
        for (unsigned k = 0; k < length; ++k) {
            const complex32 a = block[k];
            const complex32 b = k == 0 ? block[length] : rotate(block[k + length], 2 * k * turn);
            const complex32 c = k == 0 ? block[2 * length] : rotate(block[k + 2 * length], k * turn);
            const complex32 d = k == 0 ? block[3 * length] : rotate(block[k + 3 * length], 3 * k * turn);
            const complex32 even = complex_add(a, b), odd = complex_add(c, d);
            const complex32 even_turned = complex_subtract(a, b), odd_turned = complex_subtract(c, d);
            block[k] = complex_add(even, odd);
            block[k + 2 * length] = complex_subtract(even, odd);
            // -i * odd_turned and its opposite
            block[k + length].re = even_turned.re + odd_turned.im;
            block[k + length].im = even_turned.im - odd_turned.re;
            block[k + 3 * length].re = even_turned.re - odd_turned.im;
            block[k + 3 * length].im = even_turned.im + odd_turned.re;
        }
    }
}

// Neighbours become transforms of two points; only where the length is not a power of four.
static void merge_pairs(complex32* data) {
    for (complex32* pair = data; pair < data + COMPLEX_LENGTH; pair += 2) {
        const complex32 a = pair[0], b = pair[1];
        pair[0] = complex_add(a, b);
        pair[1] = complex_subtract(a, b);
    }
}

// The transform of two interleaved real sequences (even samples real, odd ones imaginary)
// becomes twice that of the real sequence they make up: 2X[k] = E + W^k * O.
static void split_real(complex32* data) {
    const complex32 first = data[0];
    data[0].re = 2 * (first.re + first.im);
    data[0].im = 0;
    data[COMPLEX_LENGTH].re = 2 * (first.re - first.im);
    data[COMPLEX_LENGTH].im = 0;
    for (unsigned k = 1; k <= COMPLEX_LENGTH / 2; ++k) {
        const complex32 low = data[k], high = data[COMPLEX_LENGTH - k];
        const complex32 even = {low.re + high.re, low.im - high.im};
        const complex32 odd = {low.im + high.im, high.re - low.re};  // -i * (low - conjugate of high)
        const complex32 turned = rotate(odd, k);
        data[k] = complex_add(even, turned);
        data[COMPLEX_LENGTH - k].re = even.re - turned.re;
        data[COMPLEX_LENGTH - k].im = turned.im - even.im;
    }
}

void kws_fft_real(int32_t data[KWS_FFT_LENGTH + 2]) {
    complex32* const points = (complex32*)data;
    unsigned length = 1;
    if (KWS_FFT_IS_TWO_TIMES_A_POWER_OF_FOUR) {
        merge_pairs(points);
        length = 2;
    }
    for (; length < COMPLEX_LENGTH; length *= 4) merge_four(points, length);
    split_real(points);
}

#endif

KWS_END_CODE
