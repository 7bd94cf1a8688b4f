// SPDX-License-Identifier: Apache-2.0
// Power of a band to uint8 feature, for front ends with a logarithm or gain control.

#ifndef EARSHOT_COMPRESS_H_
#define EARSHOT_COMPRESS_H_

#include <stdint.h>

#include "frontend_tables.h"

#ifdef __cplusplus
extern "C" {
#endif

#if KWS_FRONTEND_PCAN

// Features of one row, each relative to the level of its band.
//
// levels        in and out: mean of each band so far, in the units of powers[]; before the first
//               row of a stream, that row's powers
void kws_compress(const uint64_t powers[KWS_FEATURE_BINS], uint64_t levels[KWS_FEATURE_BINS],
                  uint8_t row[KWS_FEATURE_BINS]);

#else

// Features of one row.
void kws_compress(const uint64_t powers[KWS_FEATURE_BINS], uint8_t row[KWS_FEATURE_BINS]);

#endif

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_COMPRESS_H_
