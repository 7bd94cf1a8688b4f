// SPDX-License-Identifier: Apache-2.0
// A hook behind every operator, for programs that measure; nothing at all for the others.

#ifndef EARSHOT_MODEL_PROFILE_H_
#define EARSHOT_MODEL_PROFILE_H_

#include <stdint.h>

#ifdef KWS_PROFILE

#ifdef __cplusplus
extern "C" {
#endif

// Called by kws_model_invoke() when it has run an operator; the program provides it.
//
// index         of the operator in the model
void kws_profile_op(int32_t index);

// What this core makes of tile `index` of the compiled engine, in words; null behind the last one.
const char* kws_profile_tile(int32_t index);

#ifdef __cplusplus
}
#endif

#define KWS_OP_DONE(index) kws_profile_op(index)
#else
#define KWS_OP_DONE(index) ((void)0)
#endif

#endif  // EARSHOT_MODEL_PROFILE_H_
