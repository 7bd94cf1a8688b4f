// SPDX-License-Identifier: Apache-2.0
#include "blocks.h"

#include "ring.h"

static uint32_t next;  // of the two, to be done

// Since its end was noted: it is being written anew, or has been.
static int is_written_over(uint32_t block) {
    return kws_blocks_is_being_written(block) || (kws_blocks_done() >> block & 1u) != 0;
}

void kws_blocks_take(uint32_t value_count) {
    for (uint32_t done; (done = kws_blocks_done()) != 0; next ^= 1u) {
        kws_blocks_forget(next);
        const int is_whole = (done >> next & 1u) && !is_written_over(next);
        const int16_t* copy = kws_blocks_copy(next);
        if (is_whole && !is_written_over(next)) {
            kws_microphone_heard(copy, value_count);
        } else {
            kws_microphone_missed(value_count);
        }
    }
}
