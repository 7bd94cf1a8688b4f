// SPDX-License-Identifier: Apache-2.0
// Text to the serial line without stdio, which would bring a heap along.
//
// Unlike the HAL, these wait until all is handed over.

#ifndef EARSHOT_PRINT_H_
#define EARSHOT_PRINT_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void kws_print_bytes(const uint8_t* bytes, size_t count);
void kws_print(const char* text);
void kws_print_number(uint32_t number);  // decimal

// "Heard yes (201) @4056ms", the line of the original command responder.
void kws_print_heard(const char* label, int32_t score, uint32_t time_ms);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_PRINT_H_
