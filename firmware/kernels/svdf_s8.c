// SPDX-License-Identifier: Apache-2.0
#include "svdf_s8.h"

#include "svdf_walk.h"

KWS_BEGIN_CODE

void kws_svdf_s8(const int8_t* input, int8_t* output, int8_t* memory, const kws_svdf_params* params) {
    kws_svdf_walk(input, output, memory, 1, params);
}

KWS_END_CODE
