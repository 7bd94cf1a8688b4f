// SPDX-License-Identifier: Apache-2.0
// What the sources ask of a C library's <stdlib.h>, for WebAssembly, which has no C library.

#ifndef EARSHOT_BROWSER_STDLIB_H_
#define EARSHOT_BROWSER_STDLIB_H_

int abs(int value);

#endif  // EARSHOT_BROWSER_STDLIB_H_
