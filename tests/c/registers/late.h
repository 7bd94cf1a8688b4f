// SPDX-License-Identifier: Apache-2.0
// A made-up device that goes on late: after so many accesses to registers, in the midst of the interrupt.

#ifndef EARSHOT_TESTS_LATE_H_
#define EARSHOT_TESTS_LATE_H_

#include <stdint.h>

extern "C" void device_hear(uint32_t count);  // so many samples or words more; the device defines it

static int32_t accesses_until_more;
static uint32_t more;

extern "C" void device_hear_later(int32_t accesses, uint32_t count) {
    accesses_until_more = accesses;
    more = count;
}

// To be called at each access.
static void pass_time() {
    if (accesses_until_more > 0 && --accesses_until_more == 0) device_hear(more);
}

#endif  // EARSHOT_TESTS_LATE_H_
