// SPDX-License-Identifier: Apache-2.0
// For boards that nobody emulates.

#include "semihosting.h"

int kws_semihosting_read(const char* path, size_t path_bytes, uint32_t offset, uint8_t* bytes, size_t count) {
    (void)path;
    (void)path_bytes;
    (void)offset;
    (void)bytes;
    (void)count;
    return KWS_SEMIHOSTING_ABSENT;
}
