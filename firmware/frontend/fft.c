// SPDX-License-Identifier: Apache-2.0
#include "fft.h"

#include "../compiler.h"
#include "products.h"

KWS_BEGIN_CODE

#if !KWS_FRONTEND_MICRO

#define COMPLEX_LENGTH (KWS_FFT_LENGTH / 2)

typedef struct complex32 {
    int32_t re, im;
} complex32;

// e^(-2*pi*i*angle/KWS_FFT_LENGTH)
static inline kws_turn turn_by(unsigned angle) {  // less than 3/4 of all
    return kws_turn_of(kws_sine[angle + KWS_FFT_LENGTH / 4], kws_sine[angle]);
}

static inline complex32 rotate(complex32 value, kws_turn by) {
    kws_rotate(&value.re, &value.im, by);
    return value;
}

static inline complex32 complex_add(complex32 a, complex32 b) {
    const complex32 sum = {a.re + b.re, a.im + b.im};
    return sum;
}

static inline complex32 complex_subtract(complex32 a, complex32 b) {
    const complex32 difference = {a.re - b.re, a.im - b.im};
    return difference;
}

// One output of each of four transforms of `length` points, turned, becomes four outputs of the one that they
// make up. In bit-reversed order the middle two are swapped: they hold the inputs 0, 2, 1, 3 modulo 4.
// Whatever is done with is written before the next is read: there are few registers.
KWS_INLINE void cross(complex32* first, unsigned length, complex32 b, complex32 c, complex32 d) {
    const complex32 a = first[0];
    const complex32 even = complex_add(a, b), even_turned = complex_subtract(a, b);
    const complex32 odd = complex_add(c, d), odd_turned = complex_subtract(c, d);
    first[0] = complex_add(even, odd);
    first[2 * length] = complex_subtract(even, odd);
    // -i * odd_turned and its opposite
    first[length].re = even_turned.re + odd_turned.im;
    first[length].im = even_turned.im - odd_turned.re;
    first[3 * length].re = even_turned.re - odd_turned.im;
    first[3 * length].im = even_turned.im + odd_turned.re;
}

// Groups of four interleaved transforms of `length` points each, lying one after the other, become one of
// 4 * length. What an output is turned by is the same in all groups.
KWS_INLINE void merge_four(complex32* data, unsigned length) {
    if (length >= COMPLEX_LENGTH) return;
    complex32* const end = data + COMPLEX_LENGTH;
    const unsigned angle = KWS_FFT_LENGTH / (4 * length);  // of output 1
    for (complex32* first = data; first < end; first += 4 * length) {
        cross(first, length, first[length], first[2 * length], first[3 * length]);
    }
    for (unsigned k = 1; k < length; ++k) {
        const kws_turn once = turn_by(k * angle), twice = turn_by(2 * k * angle),
                       thrice = turn_by(3 * k * angle);
        for (complex32* first = data + k; first < end; first += 4 * length) {
            const complex32 b = rotate(first[length], twice);
            const complex32 c = rotate(first[2 * length], once);
            const complex32 d = rotate(first[3 * length], thrice);
            cross(first, length, b, c, d);
        }
    }
}

#if KWS_FFT_IS_TWO_TIMES_A_POWER_OF_FOUR

// Neighbours become transforms of two points.
static void merge_pairs(complex32* data) {
    for (complex32* pair = data; pair < data + COMPLEX_LENGTH; pair += 2) {
        const complex32 a = pair[0], b = pair[1];
        pair[0] = complex_add(a, b);
        pair[1] = complex_subtract(a, b);
    }
}

#endif

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
        const complex32 turned = rotate(odd, turn_by(k));
        data[k] = complex_add(even, turned);
        data[COMPLEX_LENGTH - k].re = even.re - turned.re;
        data[COMPLEX_LENGTH - k].im = turned.im - even.im;
    }
}

void kws_fft_real(int32_t data[KWS_FFT_LENGTH + 2]) {
    complex32* const points = (complex32*)data;
    // Lengths that the compiler knows leave registers for the data.
#if KWS_FFT_IS_TWO_TIMES_A_POWER_OF_FOUR
    const unsigned length = 2;
    merge_pairs(points);
#else
    const unsigned length = 1;
#endif
    merge_four(points, length);
    merge_four(points, 4 * length);
    merge_four(points, 16 * length);
    merge_four(points, 64 * length);
    merge_four(points, 256 * length);
    split_real(points);
}

#endif

KWS_END_CODE
