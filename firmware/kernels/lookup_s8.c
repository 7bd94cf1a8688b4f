// SPDX-License-Identifier: Apache-2.0
#include "lookup_s8.h"

KWS_BEGIN_CODE

void kws_lookup_s8(const int8_t* input, int8_t* output, const kws_lookup_params* params) {
    const int8_t* const table = params->table - INT8_MIN;
    for (int32_t left = params->count; left > 0; --left) *output++ = table[*input++];
}

KWS_END_CODE
