// SPDX-License-Identifier: Apache-2.0
// The last step of a microphone: its DC goes, what is too loud is clipped.

#ifndef EARSHOT_MICROPHONE_LEVEL_H_
#define EARSHOT_MICROPHONE_LEVEL_H_

#include <stdint.h>

#define KWS_LEVEL_SHIFT 8     // what comes in is in 2^-8 of a sample
#define KWS_LEVEL_DC_SHIFT 9  // a time constant of 2^9 samples, 32 ms at 16 kHz: -3 dB at 5 Hz

// dc            of what came in, in 2^-32 of a sample; 0 at first
// loud          at most 2^38, in 2^-8 of a sample
static inline int16_t kws_level(int64_t* dc, int64_t loud) {
    const int64_t without_dc = loud - (*dc >> 24);
    *dc += without_dc * (1 << (24 - KWS_LEVEL_DC_SHIFT));
    const int64_t sample = (without_dc + (1 << (KWS_LEVEL_SHIFT - 1))) >> KWS_LEVEL_SHIFT;
    return (int16_t)(sample > INT16_MAX ? INT16_MAX : sample < INT16_MIN ? INT16_MIN : sample);
}

#endif  // EARSHOT_MICROPHONE_LEVEL_H_
