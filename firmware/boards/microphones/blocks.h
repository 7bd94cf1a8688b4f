// SPDX-License-Identifier: Apache-2.0
// Two blocks that a DMA fills in turn, whether or not anybody takes them: what is handed on is whole, what is
// not is counted as lost.

#ifndef EARSHOT_MICROPHONE_BLOCKS_H_
#define EARSHOT_MICROPHONE_BLOCKS_H_

#include <stdint.h>

// What a driver provides.

// Bit 0, bit 1: the end of the block was noted, and not forgotten since.
uint32_t kws_blocks_done(void);
void kws_blocks_forget(uint32_t block);
int kws_blocks_is_being_written(uint32_t block);

// Copies a block; the copy is good until the next.
const int16_t* kws_blocks_copy(uint32_t block);

// What a driver calls, from its interrupt alone.

// Hands the blocks that are done to the ring of microphones/ring.h, in turn.
//
// value_count   of a block
void kws_blocks_take(uint32_t value_count);

#endif  // EARSHOT_MICROPHONE_BLOCKS_H_
