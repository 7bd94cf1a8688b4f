// SPDX-License-Identifier: Apache-2.0
#include "frontend.h"

#include <string.h>

#include "../compiler.h"
#include "bands.h"
#include "compress.h"
#include "fft.h"
#include "micro.h"
#include "products.h"
#include "window.h"

KWS_BEGIN_CODE

#if KWS_FRONTEND_AVERAGE

// Bits behind the point of a power: the spectrum is twice 2^(15 + KWS_FRACTION_BITS) times the
// DFT of samples in [-1, 1), and a feature is twice the mean power.
#define POWER_BITS (2 * (15 + KWS_FRACTION_BITS + 1) - 1)

// Rounded mean power of one group of bins in steps of the feature scale, saturated.
static uint8_t average_feature(const int32_t* bins, uint32_t count) {
    uint64_t power = (uint64_t)count << (POWER_BITS - 1);  // half a step per bin: rounds to nearest
    for (uint32_t i = 0; i < 2 * count; ++i) kws_add_square(&power, bins[i]);
    const uint64_t steps = power >> POWER_BITS;  // of all bins together; too many for 32 bits are too many
    return (uint8_t)(steps / 256 >= count ? 255u : (uint32_t)steps / count);
}

static void compute_row(kws_frontend* frontend, uint8_t row[KWS_FEATURE_BINS]) {
    kws_window_fixed(frontend->samples, frontend->spectrum);
    kws_fft_real(frontend->spectrum);
    for (size_t i = 0; i < KWS_FEATURE_BINS; ++i) {
        const uint16_t first = kws_group_start[i];
        row[i] = average_feature(frontend->spectrum + 2 * first, (uint32_t)kws_group_start[i + 1] - first);
    }
}

#elif KWS_FRONTEND_MICRO

static void compute_row(kws_frontend* frontend, uint8_t row[KWS_FEATURE_BINS]) {
    kws_micro_row(frontend->samples, frontend->words, frontend->noise, row);
}

#else

static void compute_row(kws_frontend* frontend, uint8_t row[KWS_FEATURE_BINS]) {
    uint64_t powers[KWS_FEATURE_BINS];
    const unsigned gained_bits = kws_window_scaled(frontend->samples, frontend->spectrum);
    kws_fft_real(frontend->spectrum);
    kws_band_powers(frontend->spectrum, gained_bits, powers);
#if KWS_FRONTEND_PCAN
    if (!frontend->has_levels) memcpy(frontend->levels, powers, sizeof powers);
    frontend->has_levels = 1;
    kws_compress(powers, frontend->levels, row);
#else
    kws_compress(powers, row);
#endif
}

#endif

void kws_frontend_reset(kws_frontend* frontend) {
    frontend->sample_count = 0;
    frontend->skip_samples = 0;
#if KWS_FRONTEND_PCAN
    frontend->has_levels = 0;
#endif
#if KWS_FRONTEND_MICRO
    memset(frontend->noise, 0, sizeof frontend->noise);
#endif
}

uint32_t kws_frontend_push(kws_frontend* frontend, const int16_t* samples, uint32_t sample_count,
                           uint8_t row[KWS_FEATURE_BINS], int* row_ready) {
    *row_ready = 0;
    uint32_t taken = sample_count < frontend->skip_samples ? sample_count : frontend->skip_samples;
    frontend->skip_samples -= taken;
    uint32_t wanted = KWS_WINDOW_SAMPLES - frontend->sample_count;
    if (wanted > sample_count - taken) wanted = sample_count - taken;
    memcpy(frontend->samples + frontend->sample_count, samples + taken, wanted * sizeof samples[0]);
    frontend->sample_count += wanted;
    taken += wanted;
    if (frontend->sample_count < KWS_WINDOW_SAMPLES) return taken;
    compute_row(frontend, row);
    *row_ready = 1;
    frontend->sample_count = KWS_KEPT_SAMPLES;
    frontend->skip_samples = KWS_SKIPPED_SAMPLES;
    memmove(frontend->samples, frontend->samples + KWS_WINDOW_SAMPLES - KWS_KEPT_SAMPLES,
            KWS_KEPT_SAMPLES * sizeof samples[0]);
    return taken;
}

KWS_END_CODE
