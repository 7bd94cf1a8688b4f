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

// What four bits, the first one highest, add to three integrators one behind the other: a 1 is 1, a 0 is -1.
// In the first each counts once; in the second 4, 3, 2 and 1 times, in the third 10, 6, 3 and 1, as often as
// it is added until the last has come.
#define SUMS(first, second, third) {(uint32_t)(first), (uint32_t)(second), (uint32_t)(third)}
static const kws_pdm_sums sums_of_bits[16] = {
    SUMS(-4, -10, -20), SUMS(-2, -8, -18), SUMS(-2, -6, -14), SUMS(0, -4, -12),
    SUMS(-2, -4, -8),   SUMS(0, -2, -6),   SUMS(0, 0, -2),    SUMS(2, 2, 0),
    SUMS(-2, -2, 0),    SUMS(0, 0, 2),     SUMS(0, 2, 6),     SUMS(2, 4, 8),
    SUMS(0, 4, 12),     SUMS(2, 6, 14),    SUMS(2, 8, 18),    SUMS(4, 10, 20)};
static const uint8_t turned_round[16] = {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15};

void kws_pdm_init(kws_pdm* pdm, int32_t gain) {
    const kws_pdm nothing = {{0, 0, 0}, {0}, 0, 0, 0, {0}, 0, 0};
    *pdm = nothing;
    pdm->gain = gain;
}

// Integrators overflow, and that is right: the combs take differences, modulo 2^32 as well.
static int32_t comb(kws_pdm* pdm, uint32_t value) {
    for (uint32_t i = 0; i < 3; ++i) {
        const uint32_t difference = value - pdm->combs[i];
        pdm->combs[i] = value;
        value = difference;
    }
    return (int32_t)value;
}

static int32_t low_pass(const kws_pdm* pdm) {
    int32_t sum = 0;
    const int32_t* older = pdm->history + pdm->newest + KWS_PDM_TAPS / 2;  // 24 sums ago; then 25, ...
    const int32_t* newer = older + 1;                                      // 23 sums ago; then 22, ...
    for (uint32_t i = 0; i < KWS_PDM_TAPS / 2; ++i) sum += taps[i] * (*older-- + *newer++);
    return sum;
}

// sum           in 2^-TAP_SHIFT of a sample
static int16_t level(kws_pdm* pdm, int32_t sum) {
    return kws_level(&pdm->dc, ((int64_t)sum * pdm->gain) >> TAP_SHIFT);  // unit gain is 2^KWS_LEVEL_SHIFT
}

// Where a sum of the CIC is due, takes it in; returns 1 where a sample is due.
static int take_sum(kws_pdm* pdm, uint32_t sum) {
    pdm->bit_count = 0;
    pdm->newest = pdm->newest + 1u < KWS_PDM_TAPS ? pdm->newest + 1u : 0;
    pdm->history[pdm->newest] = pdm->history[pdm->newest + KWS_PDM_TAPS] = comb(pdm, sum);
    pdm->sum_count = (pdm->sum_count + 1u) % SAMPLE_SUMS;
    return pdm->sum_count == 0;
}

static inline kws_pdm_sums with_four_bits(kws_pdm_sums old, uint32_t bits) {
    const kws_pdm_sums add = sums_of_bits[bits];
    const kws_pdm_sums sums = {old.first + add.first, old.second + 4u * old.first + add.second,
                               old.third + 4u * old.second + 10u * old.first + add.third};
    return sums;
}

size_t kws_pdm_push(kws_pdm* pdm, const uint8_t* bytes, size_t byte_count, int is_low_first,
                    int16_t* samples) {
    size_t count = 0;
    kws_pdm_sums sums = pdm->integrators;
    for (size_t i = 0; i < byte_count; ++i) {
        const uint32_t high = bytes[i] >> 4, low = bytes[i] & 15u;
        sums = with_four_bits(sums, is_low_first ? turned_round[low] : high);
        sums = with_four_bits(sums, is_low_first ? turned_round[high] : low);
        pdm->bit_count += 8;
        if (pdm->bit_count == CIC_BITS && take_sum(pdm, sums.third))
            samples[count++] = level(pdm, low_pass(pdm));
    }
    pdm->integrators = sums;
    return count;
}
