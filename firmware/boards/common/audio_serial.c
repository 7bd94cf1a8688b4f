// SPDX-License-Identifier: Apache-2.0
// The microphone of boards that have none: samples come over the serial line.
//
// They are raw, 16-bit, low byte first. For each ACKNOWLEDGED_BYTES of them the board sends one
// ACK (06), once all that they led to is done and said. A sender that never has more than the
// receive ring holds (4096 bytes, serial.c) without an ACK loses nothing at any speed, and knows
// when the board is through; one that sends in real time need not care. Terminals show nothing.

#include "hal.h"

#define ACK 6
#define ACKNOWLEDGED_BYTES 1024u

static uint32_t unacknowledged_bytes;  // handed over since the last ACK
static uint8_t low_byte;               // of a sample whose high byte is still to come
static size_t low_byte_count;          // 0 or 1

// What was handed over before is done with, or nobody would ask for more.
static void acknowledge(void) {
    const uint8_t ack = ACK;
    while (unacknowledged_bytes >= ACKNOWLEDGED_BYTES && kws_hal_serial_write(&ack, 1) == 1) {
        unacknowledged_bytes -= ACKNOWLEDGED_BYTES;
    }
}

size_t kws_hal_audio_read(int16_t* samples, size_t capacity) {
    acknowledge();
    if (capacity == 0) return 0;
    uint8_t* const bytes = (uint8_t*)samples;
    bytes[0] = low_byte;  // written over if there is none
    const size_t wanted = 2 * capacity - low_byte_count;
    const size_t byte_count = low_byte_count + kws_hal_serial_read(bytes + low_byte_count, wanted);
    low_byte_count = byte_count % 2;
    if (low_byte_count) low_byte = bytes[byte_count - 1];
    const size_t count = byte_count / 2;
    for (size_t i = 0; i < count; ++i) samples[i] = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    unacknowledged_bytes += (uint32_t)(2 * count);
    return count;
}
