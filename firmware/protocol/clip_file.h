// SPDX-License-Identifier: Apache-2.0
// A clip out of a file on the computer that emulates the board, in place of AUDIO over the serial line.

#ifndef EARSHOT_CLIP_FILE_H_
#define EARSHOT_CLIP_FILE_H_

#include <stddef.h>
#include <stdint.h>

#include "transfer.h"

#ifdef __cplusplus
extern "C" {
#endif

// Takes in a whole clip; its result is then that of the transfer.
//
// request       payload of CLIP_FILE (docs/PROTOCOL.md), request_bytes long
// returns       0 where it is complete, else an enum kws_error_code
int kws_clip_file(kws_transfer* transfer, const uint8_t* request, size_t request_bytes);

// What went wrong, for people.
const char* kws_clip_file_error(int code);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_CLIP_FILE_H_
