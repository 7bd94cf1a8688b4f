// SPDX-License-Identifier: Apache-2.0
// One-bit audio of a PDM microphone (pulse density modulation) to 16-bit samples.
//
// 64 bits a sample: 1.024 MHz for 16 kHz. A cascade of integrators and combs (CIC, third order) takes every
// 32nd sum, a symmetric low pass (FIR) every second of those and undoes what the CIC takes off the treble.
// Then a gain, and a high pass that keeps the microphone's DC out. All of it is in integers: every core gives
// the same samples.
//
// All memory is the caller's. Nothing here knows of a device.

#ifndef EARSHOT_MICROPHONE_PDM_H_
#define EARSHOT_MICROPHONE_PDM_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_PDM_BITS_PER_SAMPLE 64u
#define KWS_PDM_TAPS 48u
#define KWS_PDM_UNIT_GAIN 256  // a gain of 1: full density is full scale

typedef struct kws_pdm_sums {
    uint32_t first, second, third;
} kws_pdm_sums;

typedef struct kws_pdm {
    kws_pdm_sums integrators;
    uint32_t combs[3];
    uint32_t bit_count;                 // taken in since the last sum of the CIC, 0 to 31
    uint32_t sum_count;                 // sums of the CIC since the last sample, 0 or 1
    uint32_t newest;                    // of history, 0 to KWS_PDM_TAPS - 1
    int32_t history[2 * KWS_PDM_TAPS];  // sums of the CIC, each twice: the last ones always lie in a row
    int32_t gain;
    int64_t dc;  // of what came in, in 2^-32 of a sample
} kws_pdm;

// gain          KWS_PDM_UNIT_GAIN or more: microphones give a fraction of full density; too loud is clipped
void kws_pdm_init(kws_pdm* pdm, int32_t gain);

// Takes bits in, in the order in which they came: the lowest of a byte first where is_low_first, else the
// highest.
//
// bytes         byte_count of them, any number
// samples       room for byte_count / 8 + 1
// returns       how many samples came of them
size_t kws_pdm_push(kws_pdm* pdm, const uint8_t* bytes, size_t byte_count, int is_low_first,
                    int16_t* samples);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_MICROPHONE_PDM_H_
