// SPDX-License-Identifier: Apache-2.0
#include "mean_s8.h"

#include "fixedpoint.h"
#include "tile.h"

KWS_BEGIN_CODE

static int32_t mean_add(int32_t total, int32_t value) { return total + value; }

static int32_t mean_of_sum(int32_t total, const void* params) {
    const kws_mean_params* const p = (const kws_mean_params*)params;
    const int32_t mean = kws_requantize(total, p->multiplier, (int)p->shift) + p->output_zero_point;
    return kws_clamp(mean, INT8_MIN, INT8_MAX);
}

#if KWS_HAS_MVE || KWS_HAS_DSP

#define MOST_ADDED 256  // int8 values, so that sums of int16 hold them

// Some neighbouring channels at a time, whose sums are int16.
#if KWS_HAS_MVE

#define CHANNELS 8

static void sum_channels(const int8_t* input, int16_t* sums, int32_t count, int32_t step) {
    int16x8_t totals = vdupq_n_s16(0);
    for (; count > 0; --count, input += step) totals = vaddq_s16(totals, vldrbq_s16(input));
    vstrhq_s16(sums, totals);
}

#else

#define CHANNELS 4

static void sum_channels(const int8_t* input, int16_t* sums, int32_t count, int32_t step) {
    uint32_t even = 0, odd = 0;
    KWS_UNROLL_BY(4) for (; count > 0; --count, input += step) {
        const uint32_t four = kws_load_word(input);
        even = kws_add_even_bytes(even, four);
        odd = kws_add_odd_bytes(odd, four);
    }
    kws_store_word(sums, kws_low_halves(even, odd));
    kws_store_word(sums + 2, kws_high_halves(even, odd));
}

#endif

// Returns how many channels it did, of those of an image whose places are all taken together.
static int32_t mean_of_channels(const int8_t* input, int8_t* output, const kws_mean_params* p) {
    const kws_reduce* const shape = &p->shape;
    const int32_t places = shape->reduced[2], channels = shape->kept[2] / CHANNELS * CHANNELS;
    const int32_t others = shape->kept[0] * shape->kept[1] * shape->reduced[0] * shape->reduced[1];
    if (others != 1 || shape->kept_strides[2] != 1 || places > MOST_ADDED) return 0;
    for (int32_t first = 0; first < channels; first += CHANNELS) {
        int16_t sums[CHANNELS];
        sum_channels(input + first, sums, places, shape->reduced_strides[2]);
        for (int32_t i = 0; i < CHANNELS; ++i) *output++ = (int8_t)mean_of_sum(sums[i] + p->offset, p);
    }
    return channels;
}

#else

static int32_t mean_of_channels(const int8_t* input, int8_t* output, const kws_mean_params* p) {
    (void)input, (void)output, (void)p;
    return 0;
}

#endif

void kws_mean_s8(const int8_t* input, int8_t* output, const kws_mean_params* params) {
    const int32_t done = mean_of_channels(input, output, params);
    kws_reduce rest = params->shape;
    rest.kept[2] -= done;
    kws_walk_reduce(input + done, output + done, &rest, params->offset, mean_add, mean_of_sum, params);
}

KWS_END_CODE
