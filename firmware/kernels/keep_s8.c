// SPDX-License-Identifier: Apache-2.0
#include "keep_s8.h"

#include <string.h>

#include "../compiler.h"

KWS_BEGIN_CODE

#if KWS_GNU

// So much at once; the libraries of small systems move byte by byte.
typedef struct KWS_MAY_ALIAS(4) kept_words {
    uint32_t words[8];
} kept_words;

static int is_aligned(const int8_t* one, const int8_t* other) {
    return (((uintptr_t)one | (uintptr_t)other) & (sizeof(uint32_t) - 1)) == 0;
}

#endif

void kws_move_s8(int8_t* to, const int8_t* from, int32_t count) {
#if KWS_GNU
    const int32_t size = (int32_t)sizeof(kept_words);
    if (is_aligned(to, from) && from - to >= size) {
        for (; count >= size; count -= size, to += size, from += size) {
            *(kept_words*)to = *(const kept_words*)from;
        }
    }
#endif
    memmove(to, from, (size_t)count);
}

void kws_swap_s8(int8_t* first, int8_t* second, int32_t count) {
#if KWS_GNU
    const int32_t size = (int32_t)sizeof(kept_words);
    if (is_aligned(first, second)) {
        for (; count >= size; count -= size, first += size, second += size) {
            const kept_words kept = *(const kept_words*)first;
            *(kept_words*)first = *(const kept_words*)second;
            *(kept_words*)second = kept;
        }
    }
#endif
    for (; count > 0; --count, ++first, ++second) {
        const int8_t kept = *first;
        *first = *second;
        *second = kept;
    }
}

KWS_END_CODE
