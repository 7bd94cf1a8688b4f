// SPDX-License-Identifier: Apache-2.0
#include "line.h"

#include "hal.h"

#define SEND_LIMIT_MS 1000u

static uint32_t unsent;

void kws_line_send(const uint8_t* bytes, size_t count) {
    uint32_t progress_ms = kws_hal_clock_ms();
    while (count > 0) {
        const size_t taken = kws_hal_serial_write(bytes, count);
        bytes += taken;
        count -= taken;
        if (taken > 0) {
            progress_ms = kws_hal_clock_ms();
        } else if (kws_hal_clock_ms() - progress_ms > SEND_LIMIT_MS) {
            unsent += 1;
            return;  // the next frame begins with a zero: half of this one does not spoil it
        } else {
            kws_hal_idle();
        }
    }
}

uint32_t kws_line_unsent(void) { return unsent; }
