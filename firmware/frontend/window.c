// SPDX-License-Identifier: Apache-2.0
#include "window.h"

#include <stddef.h>

#include "../compiler.h"
#include "products.h"

KWS_BEGIN_CODE

#if !KWS_FRONTEND_MICRO

// How many bits the product of a sample and the window, which is in Q31, may lose.
#define LEAST_SHIFT 1u
#define MOST_SHIFT (31u - KWS_FRACTION_BITS)

#if KWS_DC_BLOCK

#define HALF_OF_PRODUCT (32u - POINT_BITS)  // more are shifted otherwise
#define POINT_BITS 14u  // behind the point of a sample less the mean: the difference of two int16 takes 17

// The mean of the samples, weighted by the window, Q14. Both divisions are exact but for their last bit.
static int32_t mean_of(const int16_t* samples) {
    kws_product_sum sum = kws_no_products();
    for (size_t i = 0; i < KWS_WINDOW_SAMPLES; ++i) {
        kws_add_product(&sum, kws_sample_product(samples[i], kws_window[i]));
    }
    const int64_t value = kws_sum_value(sum);
    const int64_t whole = value / KWS_WINDOW_SUM, rest = value % KWS_WINDOW_SUM;
    return (int32_t)(whole * (1 << POINT_BITS) + rest * (1 << POINT_BITS) / KWS_WINDOW_SUM);
}

static inline int32_t less_mean(int16_t sample, int32_t mean) { return sample * (1 << POINT_BITS) - mean; }

// A sample less the mean, weighted, in steps of 2^shift.
static inline int32_t windowed(int16_t sample, int32_t mean, int32_t weight, unsigned shift, int is_rounded) {
    return kws_shifted_long_product(less_mean(sample, mean), weight, shift + POINT_BITS, is_rounded);
}

#else

#define HALF_OF_PRODUCT 16u
#define POINT_BITS 0u

static inline int32_t mean_of(const int16_t* samples) {
    (void)samples;
    return 0;
}

static inline int32_t less_mean(int16_t sample, int32_t mean) {
    (void)mean;
    return sample;
}

static inline int32_t windowed(int16_t sample, int32_t mean, int32_t weight, unsigned shift, int is_rounded) {
    (void)mean;
    return kws_shifted_product(kws_sample_product(sample, weight), shift, is_rounded);
}

#endif

// All samples where the FFT wants them: two neighbours are one complex point.
KWS_INLINE void put_windowed(const int16_t* samples, int32_t mean, unsigned shift, int is_rounded,
                             int32_t* data) {
    for (size_t point = 0; point < KWS_FFT_LENGTH / 2; ++point) {
        int32_t* const place = data + 2 * (size_t)kws_bit_reversal[point];
        KWS_UNROLL for (size_t part = 0; part < 2; ++part) {
            const size_t i = 2 * point + part;
            place[part] =
                i < KWS_WINDOW_SAMPLES ? windowed(samples[i], mean, kws_window[i], shift, is_rounded) : 0;
        }
    }
}

#if KWS_FRONTEND_AVERAGE

void kws_window_fixed(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]) {
    put_windowed(samples, mean_of(samples), MOST_SHIFT, 0, data);
}

#else

// Whole steps of a sample that are at least as many as the value has.
static inline uint32_t magnitude(int32_t value) {
    return ((uint32_t)(value < 0 ? -value : value) + (1u << POINT_BITS) - 1) >> POINT_BITS;
}

// Bits to drop so that the magnitudes of all windowed samples sum up to less than 2^30. Taking the mean off
// does not raise the most that they can sum up to: half as far apart as the lowest and the highest sample.
static unsigned shift_for(const int16_t* samples, int32_t mean) {
    kws_product_sum products = kws_no_products();
    for (size_t i = 0; i < KWS_WINDOW_SAMPLES; ++i) {
        kws_add_product(&products,
                        kws_magnitude_product(magnitude(less_mean(samples[i], mean)), kws_window[i]));
    }
    uint64_t sum = (uint64_t)kws_sum_value(products);
    sum += sum / 128;  // room for rounding: fraction_bits() in codegen/frontend_tables.py leaves more
    if (sum >> (30 + LEAST_SHIFT) == 0) return LEAST_SHIFT;
    const unsigned sum_bits = 64 - kws_leading_zeros(sum);
    return sum_bits - 30;
}

unsigned kws_window_scaled(const int16_t samples[KWS_WINDOW_SAMPLES], int32_t data[KWS_FFT_LENGTH + 2]) {
    const int32_t mean = mean_of(samples);
    const unsigned gained_shift = shift_for(samples, mean);
    if (KWS_HAS_SHORT_PRODUCTS && gained_shift > HALF_OF_PRODUCT) {  // decided once, and not for each sample
        put_windowed(samples, mean, gained_shift, 1, data);
    } else {
        put_windowed(samples, mean, gained_shift, 1, data);
    }
    return MOST_SHIFT - gained_shift;
}

#endif

#endif

KWS_END_CODE
