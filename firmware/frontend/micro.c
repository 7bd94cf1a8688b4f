// SPDX-License-Identifier: Apache-2.0
#include "micro.h"

#include "../compiler.h"
#include "micro_fft.h"

KWS_BEGIN_CODE

#if KWS_FRONTEND_MICRO

#define WEIGHT_BITS 12     // of a share of a bin in a band
#define SMOOTHING_BITS 10  // of an estimate of noise, below an amplitude's lowest
#define NOISE_BITS 14      // of weights in the estimate
#define LOG_BITS 16

static inline uint32_t high_product(uint32_t a, uint32_t b) { return (uint32_t)(((uint64_t)a * b) >> 32); }

// The square root of less than 2^52, rounded to nearest; of less than 2^32, at most 65535.
static uint32_t rounded_root(uint64_t value) {
    if (value == 0) return 0;
    const unsigned zeros = (unsigned)__builtin_clzll(value) & ~1u;
    const uint32_t high = (uint32_t)((value << zeros) >> 32);  // Q32, from a quarter to 1
    // 1 / sqrt(high) in Q30, to 7 bits from the table; each step of Newton's doubles them.
    uint32_t inverse = (256u + kws_micro_inverse_roots[(high >> 25) - 32]) << 22;
    inverse = high_product(inverse, (3u << 28) - high_product(high, high_product(inverse, inverse))) << 3;
    inverse = high_product(inverse, (3u << 28) - high_product(high, high_product(inverse, inverse))) << 3;
    uint32_t root = high_product(high, inverse) >> (zeros / 2 - 2);
    // One or two off, so that 32 bits hold the rest.
    int32_t rest = (int32_t)((uint32_t)value - root * root);
    for (; rest > (int32_t)root; ++root) rest -= (int32_t)(2 * root + 1);
    for (; rest <= -(int32_t)root; --root) rest += (int32_t)(2 * root - 1);
    return root == 65536u && value >> 32 == 0 ? 65535u : root;
}

// What remains of an amplitude in which there is noise. `estimate` is brought up to date.
static uint32_t without_noise(uint32_t amplitude, uint32_t share, uint32_t* estimate) {
    const uint32_t loud = amplitude << SMOOTHING_BITS;
    const uint64_t weighted = (uint64_t)loud * share + (uint64_t)*estimate * ((1u << NOISE_BITS) - share);
    const uint32_t noise = (uint32_t)(weighted >> NOISE_BITS);
    const uint32_t least = (uint32_t)(((uint64_t)amplitude * KWS_MICRO_LEAST_LEFT) >> NOISE_BITS);
    const uint32_t left = noise < loud ? (loud - noise) >> SMOOTHING_BITS : 0;
    *estimate = noise;
    return left > least ? left : least;
}

// What an amplitude is multiplied by where there is so much noise: a parabola in each octave of it.
static uint32_t gain_at(uint32_t noise) {
    if (noise == 0) return (uint32_t)kws_micro_gains[0];
    const unsigned zeros = (unsigned)__builtin_clz(noise);
    const int16_t* const octave = kws_micro_gains + 3 * (32 - zeros);  // start, linear, square
    const int32_t fraction = (int32_t)(((noise << zeros) >> 21) & 0x3FFu);
    const int32_t slope = ((octave[2] * fraction) >> 5) + octave[1] * 32;
    return (uint32_t)(octave[0] + ((slope * fraction + (1 << 14)) >> 15));
}

// A square below 2, a straight line above; from 12 to 6 bits behind the point.
static uint32_t shrunk(uint32_t ratio) {
    return ratio < 2u << 12 ? (ratio * ratio) >> 20 : (ratio >> 6) - (1u << 6);
}

// The natural logarithm in steps of a feature, at most 255.
static uint8_t log_steps(uint32_t level) {
    if (level <= 1) return 0;
    const unsigned zeros = (unsigned)__builtin_clz(level);
    const uint32_t fraction = ((level << zeros) >> 15) & 0xFFFFu;  // of an octave, Q16
    const uint16_t* const correction = kws_micro_log_corrections + (fraction >> 9);
    const int32_t slope = correction[1] - correction[0];
    const int32_t line = correction[0] + ((slope * (int32_t)(fraction & 0x1FFu)) >> LOG_BITS);
    const uint32_t octaves = ((31 - zeros) << LOG_BITS) + fraction + (uint32_t)line;
    const uint32_t half = 1u << (LOG_BITS - 1);
    const uint32_t nats = (uint32_t)(((uint64_t)octaves * KWS_MICRO_NATS_PER_OCTAVE + half) >> LOG_BITS);
    const uint32_t value = ((nats << 6) + half) >> LOG_BITS;
    const uint32_t steps =
        (value * KWS_MICRO_STEP_FACTOR + half) >> LOG_BITS;  // as (value * 256 + 333) / 666
    return steps > 255 ? 255 : (uint8_t)steps;
}

void kws_micro_row(const int16_t samples[KWS_WINDOW_SAMPLES], uint32_t words[KWS_FFT_LENGTH],
                   uint32_t noise[KWS_FEATURE_BINS], uint8_t row[KWS_FEATURE_BINS]) {
    const unsigned shift = kws_micro_powers(samples, words);
    const uint32_t* const powers = words + KWS_FFT_LENGTH / 2;
    const uint16_t* weight = kws_micro_weights;
    uint64_t fallen = 0;
    unsigned bin = KWS_FIRST_BIN;
    // What a bin does not give to the band that it rises to, it gives to the next one.
    for (unsigned band = 0; band <= KWS_FEATURE_BINS; ++band) {
        uint64_t risen = 0, sum = 0;
        for (; bin < kws_micro_band_ends[band]; ++bin) {
            risen += (uint64_t)powers[bin] * *weight++;
            sum += powers[bin];
        }
        if (band > 0) {
            const unsigned i = band - 1;
            const uint32_t amplitude = rounded_root(fallen + risen) >> shift;
            const uint32_t share = i % 2 ? KWS_MICRO_ODD_SHARE : KWS_MICRO_EVEN_SHARE;
            const uint32_t left = without_noise(amplitude, share, &noise[i]);
            const uint32_t ratio = (uint32_t)(((uint64_t)left * gain_at(noise[i])) >> KWS_MICRO_SNR_SHIFT);
            row[i] = log_steps(shrunk(ratio) << KWS_MICRO_CORRECTION_BITS);
        }
        fallen = (sum << WEIGHT_BITS) - risen;
    }
}

#endif

KWS_END_CODE
