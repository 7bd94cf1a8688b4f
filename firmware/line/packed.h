// SPDX-License-Identifier: Apache-2.0
// Audio that takes fewer bytes on the line, and is the same to the bit: docs/PROTOCOL.md, "Packed audio".
//
// The host packs (hil/protocol/packing.py), the board unpacks. Nothing is kept from one call to the next.

#ifndef EARSHOT_PACKED_H_
#define EARSHOT_PACKED_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_PACKED_BLOCK_SAMPLES 100u

// Unpacks samples.
//
// bytes         byte_count of them, from anybody: nothing behind them is read
// samples       room for sample_count; where it fails, they hold anything
// returns       0, or -1: these bytes are not that many samples packed
int kws_unpack(const uint8_t* bytes, size_t byte_count, int16_t* samples, size_t sample_count);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_PACKED_H_
