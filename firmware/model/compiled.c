// SPDX-License-Identifier: Apache-2.0
// What the compiled engine answers to the questions of model.h that do not depend on the model.

#include "model/model.h"

const char* kws_model_error(const kws_model* model) {
    (void)model;
    return "";  // nothing in it can fail
}

uint32_t kws_model_arena_bytes(const kws_model* model) {
    (void)model;
    return KWS_ARENA_BYTES;
}
