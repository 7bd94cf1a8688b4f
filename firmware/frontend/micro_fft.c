// SPDX-License-Identifier: Apache-2.0
#include "micro_fft.h"

#include "../compiler.h"
#include "micro_pairs.h"

KWS_BEGIN_CODE

#if KWS_FRONTEND_MICRO

#define POINTS (KWS_FFT_LENGTH / 2)  // 256: even samples are real parts, odd ones imaginary parts
#define QUARTER KWS_PAIR_FACTOR(32767 / 4)
#define HALF KWS_PAIR_FACTOR(32767 / 2)

// Samples times the window, and silence behind them. Returns by how many bits all of them can be shifted up.
static unsigned micro_window(const int16_t* samples, kws_pair* windowed) {
    kws_pair bits = 0;  // that any magnitude has
    for (unsigned i = 0; i < KWS_WINDOW_SAMPLES / 2; ++i) {
        const kws_pair value =
            kws_pair_weight(kws_pair_load(samples + 2 * i), kws_pair_load(kws_micro_window + 2 * i));
        windowed[i] = value;
        bits |= kws_pair_magnitudes(value);
    }
    for (unsigned i = KWS_WINDOW_SAMPLES / 2; i < POINTS; ++i) windowed[i] = 0;
    const uint32_t loudest =
        (bits | bits >> 16) & 0x7FFFu;  // without -32768, which has no magnitude in int16
    return loudest == 0 ? 15u : (unsigned)__builtin_clz(loudest) - 17u;
}

typedef struct four_pairs {
    kws_pair a, b, c, d;
} four_pairs;

// The transform of four values, which lie `step` apart in `to`.
KWS_INLINE void transform_four(kws_pair* to, unsigned step, four_pairs of) {
    const kws_pair even = kws_pair_add(of.a, of.c), even_turned = kws_pair_subtract(of.a, of.c);
    const kws_pair odd = kws_pair_add(of.b, of.d), odd_turned = kws_pair_subtract(of.b, of.d);
    to[0] = kws_pair_add(even, odd);
    to[step] = kws_pair_subtract_turned(even_turned, odd_turned);
    to[2 * step] = kws_pair_subtract(even, odd);
    to[3 * step] = kws_pair_add_turned(even_turned, odd_turned);
}

// The first of four stages: values that lie a quarter apart, shifted up, to where their transform belongs.
static void transform_quarters(const kws_pair* windowed, unsigned shift, kws_pair* points) {
    const uint32_t kept =
        0xFFFF0000u | 0xFFFFu >> shift;  // the rest of the low half would reach into the other
    for (unsigned group = 0; group < POINTS / 4; ++group) {
        // The three digits of the group to the base of four, in reverse order.
        const kws_pair* from = windowed + (group >> 4) + (group & 12u) + 16 * (group & 3u);
        const four_pairs four = {
            kws_pair_scale((from[0] & kept) << shift, QUARTER),
            kws_pair_scale((from[POINTS / 4] & kept) << shift, QUARTER),
            kws_pair_scale((from[POINTS / 2] & kept) << shift, QUARTER),
            kws_pair_scale((from[POINTS / 4 * 3] & kept) << shift, QUARTER),
        };
        transform_four(points + 4 * group, 1, four);
    }
}

KWS_INLINE four_pairs load_quarters(const kws_pair* from, unsigned step) {
    const four_pairs four = {
        kws_pair_scale(from[0], QUARTER),
        kws_pair_scale(from[step], QUARTER),
        kws_pair_scale(from[2 * step], QUARTER),
        kws_pair_scale(from[3 * step], QUARTER),
    };
    return four;
}

// Four transforms of `length` points each, lying one after the other, become one of 4 * length.
KWS_INLINE void merge_transforms(kws_pair* points, unsigned length) {
    for (kws_pair* first = points; first < points + POINTS; first += 4 * length) {
        transform_four(first, length, load_quarters(first, length));
    }
    for (unsigned k = 1; k < length; ++k) {
        const unsigned turn = POINTS / 4 / length * k;
        const kws_pair once = kws_micro_turns[turn], twice = kws_micro_turns[2 * turn];
        const kws_pair thrice = kws_micro_turns[3 * turn];
        for (kws_pair* first = points + k; first < points + POINTS; first += 4 * length) {
            four_pairs four = load_quarters(first, length);
            four.b = kws_pair_multiply(four.b, once);
            four.c = kws_pair_multiply(four.c, twice);
            four.d = kws_pair_multiply(four.d, thrice);
            transform_four(first, length, four);
        }
    }
}

// The transform of even and odd samples as one becomes that of the samples, of which the powers are kept.
static void split_powers(uint32_t* words) {
    for (unsigned k = KWS_FIRST_BIN; k <= POINTS / 2; ++k) {
        const kws_pair low = kws_pair_scale(words[k], HALF);
        const kws_pair high = kws_pair_scale(kws_pair_conjugate(words[POINTS - k]), HALF);
        const kws_pair even = kws_pair_add(low, high);
        const kws_pair odd =
            kws_pair_multiply(kws_pair_subtract(low, high), kws_micro_split_turns[k - KWS_FIRST_BIN]);
        words[k] = kws_pair_power(kws_pair_half_sum(even, odd));
        // The middle is its own mirror, and stays as such.
        words[POINTS - k] =
            kws_pair_mixed_power(kws_pair_half_difference(even, odd), kws_pair_half_difference(odd, even));
    }
}

unsigned kws_micro_powers(const int16_t samples[KWS_WINDOW_SAMPLES], uint32_t words[KWS_FFT_LENGTH]) {
    kws_pair* const points = words + POINTS;
    const unsigned shift = micro_window(samples, words);
    transform_quarters(words, shift, points);
    merge_transforms(points, 4);
    merge_transforms(points, 16);
    merge_transforms(points, 64);
    split_powers(points);
    return shift;
}

#endif

KWS_END_CODE
