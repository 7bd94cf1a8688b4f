// SPDX-License-Identifier: Apache-2.0
#include "swap_s8.h"

#include <string.h>

#include "../compiler.h"

KWS_BEGIN_CODE

void kws_swap_s8(int8_t* first, int8_t* second, int32_t count) {
    for (int32_t i = 0; i < count; i += 16) {
        int8_t kept[16];
        const size_t size = (size_t)(count - i < 16 ? count - i : 16);
        memcpy(kept, first + i, size);
        memcpy(first + i, second + i, size);
        memcpy(second + i, kept, size);
    }
}

KWS_END_CODE
