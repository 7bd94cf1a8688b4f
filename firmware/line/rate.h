// SPDX-License-Identifier: Apache-2.0
// The rate of the serial line, on which host and board agree (docs/PROTOCOL.md, "A faster line").
//
// A rate above the first is a lease: where no whole frame has come for as long as the host said, the line
// goes back. So whatever is lost between the two, they meet again at the first. All memory is the caller's.

#ifndef EARSHOT_RATE_H_
#define EARSHOT_RATE_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kws_rate {
    uint32_t first_baud;   // at which the line began, and to which it goes back
    uint32_t baud;         // now
    uint32_t wanted_baud;  // as soon as all is sent; otherwise that of now
    uint32_t lease_ms, heard_ms;
} kws_rate;

void kws_rate_init(kws_rate* rate, uint32_t first_baud);

// Returns 1 where the line can run at a rate, near enough for the other end: 2 %, half of what ten bits bear.
int kws_rate_is_possible(const kws_rate* rate, uint32_t baud);

// The rate of now; 0 where the line has none, as USB, or none that is the board's to choose.
uint32_t kws_rate_now(const kws_rate* rate);

// Notes a rate that is possible; kws_rate_poll() changes to it.
void kws_rate_want(kws_rate* rate, uint32_t baud, uint32_t lease_ms);

// A whole frame has come, and was answered.
void kws_rate_heard(kws_rate* rate, uint32_t now_ms);

// Changes the rate where that is due. To be called again and again, when all that came has been read.
void kws_rate_poll(kws_rate* rate, uint32_t now_ms);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_RATE_H_
