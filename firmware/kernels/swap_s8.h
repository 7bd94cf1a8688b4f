// SPDX-License-Identifier: Apache-2.0
// Two pieces of memory change places.

#ifndef EARSHOT_KERNELS_SWAP_S8_H_
#define EARSHOT_KERNELS_SWAP_S8_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void kws_swap_s8(int8_t* first, int8_t* second, int32_t count);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_KERNELS_SWAP_S8_H_
