// SPDX-License-Identifier: Apache-2.0
// Proves a board: start-up, clock, serial line both ways, sleep. tests/emulator talks to it.
//
// After the banner it takes transfers: a 32-bit length, low byte first, then that many bytes. It
// sends the bytes back as they come, and behind the last one a line with what it has counted.
// Two lengths are commands: CRASH, to see the fault report, and DEAF, to see losses counted.

#include <stdint.h>

#include "hal.h"
#include "print.h"

#define CHUNK_BYTES 256u
#define CRASH 0xFFFFFFFFu
#define DEAF 0xFFFFFFFEu
#define DEAF_BYTES 4096u          // not more than the receive ring keeps
#define CLOCK_READINGS 10000000u  // take far longer than a millisecond on any board

static volatile uint32_t initialised = 0x600D600Du;  // start-up copies it from flash
static volatile uint32_t zeroed;                     // start-up clears it
static volatile float half = 0.5f;                   // faults where start-up left the FPU off

static uint8_t chunk[CHUNK_BYTES];
static uint32_t sleeps;

static uint32_t receive(uint32_t wanted) {
    size_t count;
    while ((count = kws_hal_serial_read(chunk, wanted < CHUNK_BYTES ? wanted : CHUNK_BYTES)) == 0) {
        kws_hal_idle();
        ++sleeps;
    }
    return (uint32_t)count;
}

static uint32_t receive_length(void) {
    uint32_t length = 0;
    for (uint32_t shift = 0; shift < 32; shift += 8) {
        receive(1);
        length |= (uint32_t)chunk[0] << shift;
    }
    return length;
}

// Reads nothing until bytes are lost; returns how many of the earliest must still be there.
static uint32_t wait_for_loss(void) {
    while (kws_hal_serial_lost() == 0) kws_hal_idle();
    return DEAF_BYTES;
}

static void echo(uint32_t length) {
    for (uint32_t done = 0; done < length;) {
        const uint32_t count = receive(length - done);
        kws_print_bytes(chunk, count);
        done += count;
    }
}

static void report(uint32_t length, uint32_t duration_ms) {
    kws_print("echoed ");
    kws_print_number(length);
    kws_print(" lost ");
    kws_print_number(kws_hal_serial_lost());
    kws_print(" sleeps ");
    kws_print_number(sleeps);
    kws_print(" ms ");
    kws_print_number(duration_ms);
    kws_print("\n");
}

// What start-up got wrong; 0 where all is well.
static const char* startup_mistake(void) {
    if (initialised != 0x600D600Du) return "variables are not initialised";
    if (zeroed != 0) return "variables are not cleared";
    if (half + half != 1.0f) return "floating point does not add up";
    const uint32_t start_ms = kws_hal_clock_ms();
    for (uint32_t i = 0; i < CLOCK_READINGS; ++i) {
        if (kws_hal_clock_ms() != start_ms) return 0;
    }
    return "the clock stands still";
}

int main(void) {
    kws_hal_init();
    kws_hal_led(1);
    const char* mistake = startup_mistake();
    if (mistake) {
        kws_print("earshot " KWS_BOARD_ID " failed: ");
        kws_print(mistake);
        kws_print("\n");
        kws_hal_stop();
    }
    kws_print("earshot " KWS_BOARD_ID " ready\n");
    for (;;) {
        uint32_t length = receive_length();
        if (length == CRASH) __builtin_trap();
        if (length == DEAF) length = wait_for_loss();
        const uint32_t start_ms = kws_hal_clock_ms();
        sleeps = 0;
        echo(length);
        report(length, kws_hal_clock_ms() - start_ms);
    }
}
