// SPDX-License-Identifier: Apache-2.0
// For compilers without a C library: theirs, which GCC calls by another name.

#ifdef __clang__
#include_next <stdint.h>
#else
#include <stdint-gcc.h>
#endif
