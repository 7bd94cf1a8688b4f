// SPDX-License-Identifier: Apache-2.0
// The microphone of a board whose interrupt hears samples: what is in the ring is what the HAL gives.

#include "hal.h"
#include "ring.h"

size_t kws_hal_audio_read(int16_t* samples, size_t capacity) {
    return kws_microphone_take(samples, capacity);
}

uint32_t kws_hal_audio_lost(void) { return kws_microphone_lost(); }
