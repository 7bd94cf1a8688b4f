// SPDX-License-Identifier: Apache-2.0
// Two channels of the DMA take turns, each with a block of its own, and start each other: nothing has to be
// in time for the next sample, and none can be written beyond a block, since addresses wrap around (RING).
//
// Registers: RP2040 Datasheet, 2.5.7; RP2350 Datasheet, 12.6.10.

#include "../microphones/blocks.h"
#include "rp2.h"

#define DMA_CHANNEL(n, offset) KWS_REGISTER(0x50000000u + 0x40u * (n) + (offset))
#define DMA_READ(n) DMA_CHANNEL(n, 0x00u)
#define DMA_WRITE(n) DMA_CHANNEL(n, 0x04u)
#define DMA_COUNT(n) DMA_CHANNEL(n, 0x08u)
#define DMA_CONTROL_AND_START(n) DMA_CHANNEL(n, 0x0Cu)
#define DMA_CONTROL(n) DMA_CHANNEL(n, 0x10u)
#define DMA_ENABLE KWS_REGISTER(0x50000404u)
#define DMA_DONE KWS_REGISTER(0x5000040Cu)  // a bit for each channel; writing 1 clears it
#define DMA_HALF_WORDS (1u << 2)
#define DMA_ON 1u

uint32_t kws_blocks_done(void) { return DMA_DONE & 3u; }

void kws_blocks_forget(uint32_t block) { DMA_DONE = 1u << block; }

int kws_blocks_is_being_written(uint32_t block) { return (DMA_CONTROL(block) & RP2_DMA_BUSY) != 0; }

void rp2_dma_start(uint32_t fifo, uint32_t request, volatile uint16_t* blocks, uint32_t block_bytes_log2) {
    const uint32_t half_words = 1u << (block_bytes_log2 - 1u);
    const uint32_t control = request << RP2_DMA_REQUEST_SHIFT | RP2_DMA_RING_IS_WRITTEN |
                             block_bytes_log2 << RP2_DMA_RING_SHIFT | RP2_DMA_WRITE_COUNTS_UP |
                             DMA_HALF_WORDS | DMA_ON;
    for (uint32_t n = 0; n < 2; ++n) {
        DMA_READ(n) = fifo;
        DMA_WRITE(n) = (uint32_t)(uintptr_t)(blocks + n * half_words);
        DMA_COUNT(n) = half_words;
    }
    DMA_CONTROL(1u) = control;  // the first starts when the second is done
    DMA_CONTROL_AND_START(0u) = control | 1u << RP2_DMA_CHAIN_SHIFT;
    DMA_ENABLE = 3u;
    kws_enable_interrupt(RP2_DMA_INTERRUPT);
}
