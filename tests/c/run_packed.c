// Unpacks audio as the firmware does, for tests.
//
// In: count of samples u16, count of bytes u16, bytes; again and again. Out: 0 and the samples, or 255.

#include <stdio.h>
#include <stdlib.h>

#include "line/packed.h"

int main(void) {
    uint8_t header[4];
    while (fread(header, 1, sizeof header, stdin) == sizeof header) {
        const size_t sample_count = header[0] | (size_t)header[1] << 8;
        const size_t byte_count = header[2] | (size_t)header[3] << 8;
        // Of the exact size, so that the sanitizer sees a step beyond; malloc(0) may return nothing.
        uint8_t* const bytes = malloc(byte_count ? byte_count : 1);
        int16_t* const samples = malloc(2 * sample_count + 1);
        if (!bytes || !samples || fread(bytes, 1, byte_count, stdin) != byte_count) return 1;
        const int is_refused = kws_unpack(bytes, byte_count, samples, sample_count) != 0;
        putchar(is_refused ? 255 : 0);
        for (size_t i = 0; i < sample_count && !is_refused; ++i) {
            putchar((uint8_t)samples[i]);
            putchar((uint8_t)((uint16_t)samples[i] >> 8));
        }
        free(bytes);
        free(samples);
    }
    return 0;
}
