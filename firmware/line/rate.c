// SPDX-License-Identifier: Apache-2.0
#include "rate.h"

#include "hal.h"

#define TOLERANCE 50u  // a 50th

void kws_rate_init(kws_rate* rate, uint32_t first_baud) {
    rate->first_baud = rate->baud = rate->wanted_baud = first_baud;
    rate->lease_ms = rate->heard_ms = 0;
}

int kws_rate_is_possible(const kws_rate* rate, uint32_t baud) {
    if (baud == rate->first_baud) return 1;
    if (baud == 0 || !kws_hal_serial_nearest_baud) return 0;
    const uint32_t nearest = kws_hal_serial_nearest_baud(baud);
    if (nearest == 0) return 0;
    const uint32_t difference = nearest > baud ? nearest - baud : baud - nearest;
    return difference <= baud / TOLERANCE;
}

uint32_t kws_rate_now(const kws_rate* rate) {
    const int has_rate = kws_hal_serial_nearest_baud && kws_hal_serial_nearest_baud(rate->baud) > 0;
    return has_rate ? rate->baud : 0;
}

void kws_rate_want(kws_rate* rate, uint32_t baud, uint32_t lease_ms) {
    rate->wanted_baud = baud;
    rate->lease_ms = lease_ms;
}

void kws_rate_heard(kws_rate* rate, uint32_t now_ms) { rate->heard_ms = now_ms; }

void kws_rate_poll(kws_rate* rate, uint32_t now_ms) {
    if (rate->baud != rate->first_baud && now_ms - rate->heard_ms > rate->lease_ms)
        rate->wanted_baud = rate->first_baud;
    if (rate->wanted_baud == rate->baud || !kws_hal_serial_set_baud(rate->wanted_baud)) return;
    rate->baud = rate->wanted_baud;
    rate->heard_ms = now_ms;
}
