// SPDX-License-Identifier: Apache-2.0
#include "pdm.h"

#include "level.h"

#define CIC_BITS 32u    // of which comes one sum; its gain is 32^3: full density gives 2^15
#define SAMPLE_SUMS 2u  // of which comes one sample
#define TAP_SHIFT 14    // taps are in 2^-14

// The half from the middle on; the other mirrors it. Least squares over 0 to 7 kHz, where it undoes what the
// CIC takes off, and 9 to 16 kHz, of which nothing is wanted: with the CIC -0.2 to +0.1 dB up to 7 kHz, -56
// dB from 9 kHz on (tests/unit/firmware/test_pdm.py). Their absolute sum times 2^15 fits into 32 bits.
static const int16_t taps[KWS_PDM_TAPS / 2] = {
    7959, 2403, -1961, -1332, 939, 882, -534, -626, 318, 456, -188, -330,
    104,  234,  -51,   -161,  18,  105, 2,    -62,  -12, 32,  17,   -1,
};

void kws_pdm_init(kws_pdm* pdm, int32_t gain) {
    const kws_pdm nothing = {{0}, {0}, 0, 0, 0, {0}, 0, 0};
    *pdm = nothing;
    pdm->gain = gain;
}

// Integrators overflow, and that is right: the combs take differences, modulo 2^32 as well.
static int32_t comb(kws_pdm* pdm) {
    uint32_t value = pdm->integrators[2];
    for (uint32_t i = 0; i < 3; ++i) {
        const uint32_t difference = value - pdm->combs[i];
        pdm->combs[i] = value;
        value = difference;
    }
    return (int32_t)value;
}

static int32_t low_pass(const kws_pdm* pdm) {
    int32_t sum = 0;
    uint32_t older = pdm->newest + KWS_PDM_TAPS / 2 + KWS_PDM_TAPS;  // 24 sums ago; then 25, ...
    uint32_t newer = pdm->newest + KWS_PDM_TAPS / 2 + 1;             // 23 sums ago; then 22, ...
    for (uint32_t i = 0; i < KWS_PDM_TAPS / 2; ++i, --older, ++newer) {
        sum += taps[i] * (pdm->history[older % KWS_PDM_TAPS] + pdm->history[newer % KWS_PDM_TAPS]);
    }
    return sum;
}

// sum           in 2^-TAP_SHIFT of a sample
static int16_t level(kws_pdm* pdm, int32_t sum) {
    return kws_level(&pdm->dc, ((int64_t)sum * pdm->gain) >> TAP_SHIFT);  // unit gain is 2^KWS_LEVEL_SHIFT
}

// Where a sum of the CIC is due, takes it in; returns 1 where a sample is due.
static int take_sum(kws_pdm* pdm) {
    pdm->bit_count = 0;
    pdm->newest = (pdm->newest + 1u) % KWS_PDM_TAPS;
    pdm->history[pdm->newest] = comb(pdm);
    pdm->sum_count = (pdm->sum_count + 1u) % SAMPLE_SUMS;
    return pdm->sum_count == 0;
}

size_t kws_pdm_push(kws_pdm* pdm, const uint8_t* bytes, size_t byte_count, int is_low_first,
                    int16_t* samples) {
    size_t count = 0;
    for (size_t i = 0; i < byte_count; ++i) {
        const uint32_t byte = bytes[i];
        uint32_t first = pdm->integrators[0], second = pdm->integrators[1], third = pdm->integrators[2];
        for (uint32_t bit = 0; bit < 8; ++bit) {
            const uint32_t value = byte >> (is_low_first ? bit : 7u - bit) & 1u;
            first += 2u * value - 1u;  // a 0 is -1
            second += first;
            third += second;
        }
        pdm->integrators[0] = first;
        pdm->integrators[1] = second;
        pdm->integrators[2] = third;
        pdm->bit_count += 8;
        if (pdm->bit_count == CIC_BITS && take_sum(pdm)) samples[count++] = level(pdm, low_pass(pdm));
    }
    return count;
}
