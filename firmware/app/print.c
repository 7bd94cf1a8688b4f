// SPDX-License-Identifier: Apache-2.0
#include "print.h"

#include <string.h>

#include "hal.h"

void kws_print_bytes(const uint8_t* bytes, size_t count) {
    while (count > 0) {
        const size_t taken = kws_hal_serial_write(bytes, count);
        bytes += taken;
        count -= taken;
        if (count > 0) kws_hal_idle();
    }
}

void kws_print(const char* text) { kws_print_bytes((const uint8_t*)text, strlen(text)); }

void kws_print_number(uint32_t number) {
    uint8_t digits[10];  // of 4294967295
    size_t first = sizeof digits;
    do {
        digits[--first] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    kws_print_bytes(digits + first, sizeof digits - first);
}

void kws_print_heard(const char* label, int32_t score, uint32_t time_ms) {
    kws_print("Heard ");
    kws_print(label);
    kws_print(" (");
    kws_print_number((uint32_t)score);  // 0 to 255
    kws_print(") @");
    kws_print_number(time_ms);
    kws_print("ms\n");
}
