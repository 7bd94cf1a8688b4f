// SPDX-License-Identifier: Apache-2.0
// Whether a request can be answered, as far as its type and length say.

#ifndef EARSHOT_REQUEST_H_
#define EARSHOT_REQUEST_H_

#include "frame.h"
#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_AUDIO_HEADER_BYTES 8u  // of KWS_REQUEST_AUDIO and KWS_REPLY_RECORDED, before the samples
#define KWS_AUDIO_SAMPLES_MAX ((KWS_FRAME_PAYLOAD_BYTES - KWS_AUDIO_HEADER_BYTES) / 2u)
#define KWS_RATES_MAX 32u  // that one KWS_REQUEST_LINE asks about

enum kws_request_state {
    KWS_REQUEST_UNKNOWN,       // there is no such type
    KWS_REQUEST_WRONG_LENGTH,  // its payload is too short or too long
    KWS_REQUEST_NEEDS_MODEL,   // it is in form, and asks for what a model computes
    KWS_REQUEST_IN_FORM,       // it is in form, and can be answered without one
};

// What else is wrong with a request is up to its answer.
enum kws_request_state kws_request_look(const kws_frame* request);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_REQUEST_H_
