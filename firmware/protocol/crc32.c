// SPDX-License-Identifier: Apache-2.0
#include "crc32.h"

// What four bits at the low end become, polynomial 0xEDB88320: a sixteenth of the usual table, for twice
// the steps. Entry 8 is the polynomial after one step of the division; the others are its sums, shifted.
static const uint32_t remainders[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
    0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};

uint32_t kws_crc32(uint32_t crc, const void* bytes, size_t count) {
    const uint8_t* const byte = bytes;
    crc = ~crc;
    for (size_t i = 0; i < count; ++i) {
        crc ^= byte[i];
        crc = crc >> 4 ^ remainders[crc & 15u];
        crc = crc >> 4 ^ remainders[crc & 15u];
    }
    return ~crc;
}
