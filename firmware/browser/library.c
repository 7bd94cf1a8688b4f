// SPDX-License-Identifier: Apache-2.0
// The functions of a C library that the sources call, or that a compiler makes of their loops and copies.
//
// Most calls become an instruction of WebAssembly and never come here.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// Else the loops below would be turned into calls of the functions that they are.
#define KWS_PLAIN __attribute__((no_builtin))

KWS_PLAIN void* memcpy(void* restrict to, const void* restrict from, size_t count) {
    uint8_t* const target = to;
    const uint8_t* const source = from;
    for (size_t i = 0; i < count; ++i) target[i] = source[i];
    return to;
}

KWS_PLAIN void* memmove(void* to, const void* from, size_t count) {
    uint8_t* const target = to;
    const uint8_t* const source = from;
    if (target <= source) {
        for (size_t i = 0; i < count; ++i) target[i] = source[i];
    } else {
        for (size_t i = count; i > 0; --i) target[i - 1] = source[i - 1];
    }
    return to;
}

KWS_PLAIN void* memset(void* to, int value, size_t count) {
    uint8_t* const target = to;
    for (size_t i = 0; i < count; ++i) target[i] = (uint8_t)value;
    return to;
}

KWS_PLAIN int abs(int value) { return value < 0 ? -value : value; }
