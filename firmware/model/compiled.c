// SPDX-License-Identifier: Apache-2.0
// What the compiled engine answers to the questions of model.h that do not depend on the model.

#include "engine.h"
#include "model/model.h"

const char* kws_model_error(void) { return ""; }  // nothing in it can fail

uint32_t kws_model_arena_bytes(void) { return KWS_ARENA_BYTES; }
