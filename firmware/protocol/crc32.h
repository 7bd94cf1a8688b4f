// SPDX-License-Identifier: Apache-2.0
// CRC-32 as in IEEE 802.3, zlib and Python's zlib.crc32().

#ifndef EARSHOT_CRC32_H_
#define EARSHOT_CRC32_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Continues a CRC; crc is 0 for the first bytes.
uint32_t kws_crc32(uint32_t crc, const void* bytes, size_t count);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_CRC32_H_
