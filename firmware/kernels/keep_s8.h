// SPDX-License-Identifier: Apache-2.0
// Rows that are kept from one window to the next.

#ifndef EARSHOT_KERNELS_KEEP_S8_H_
#define EARSHOT_KERNELS_KEEP_S8_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Moves rows to the front, where some of them may have been.
//
// to            before `from`
void kws_move_s8(int8_t* to, const int8_t* from, int32_t count);

// Two pieces of memory change places.
void kws_swap_s8(int8_t* first, int8_t* second, int32_t count);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_KERNELS_KEEP_S8_H_
