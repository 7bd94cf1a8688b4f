// SPDX-License-Identifier: Apache-2.0
// Files of the computer that emulates the board, by Arm semihosting.

#ifndef EARSHOT_SEMIHOSTING_H_
#define EARSHOT_SEMIHOSTING_H_

#include <stddef.h>
#include <stdint.h>

enum kws_semihosting_failure {
    KWS_SEMIHOSTING_ABSENT = -1,  // nobody emulates this board
    KWS_SEMIHOSTING_FILE = -2,    // no such file, or it ends before
};

// Reads a part of a file. The last file stays open: naming it again costs nothing.
//
// path          of the host, path_bytes long; at most KWS_SEMIHOSTING_PATH_BYTES
// returns       0 where all count bytes were read, or one of kws_semihosting_failure
#define KWS_SEMIHOSTING_PATH_BYTES 255u
int kws_semihosting_read(const char* path, size_t path_bytes, uint32_t offset, uint8_t* bytes, size_t count);

#endif  // EARSHOT_SEMIHOSTING_H_
