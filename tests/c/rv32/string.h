// SPDX-License-Identifier: Apache-2.0
// All that kernels and front end want of a C library, for compilers that have none.

#ifndef EARSHOT_TESTS_STRING_H_
#define EARSHOT_TESTS_STRING_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

void* memcpy(void* to, const void* from, size_t count);
void* memmove(void* to, const void* from, size_t count);
void* memset(void* to, int value, size_t count);
size_t strlen(const char* text);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_TESTS_STRING_H_
