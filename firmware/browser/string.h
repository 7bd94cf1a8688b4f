// SPDX-License-Identifier: Apache-2.0
// What the sources ask of a C library's <string.h>, for WebAssembly, which has no C library.

#ifndef EARSHOT_BROWSER_STRING_H_
#define EARSHOT_BROWSER_STRING_H_

#include <stddef.h>

void* memcpy(void* restrict to, const void* restrict from, size_t count);
void* memmove(void* to, const void* from, size_t count);
void* memset(void* to, int value, size_t count);

#endif  // EARSHOT_BROWSER_STRING_H_
