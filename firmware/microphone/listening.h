// SPDX-License-Identifier: Apache-2.0
// What a board hears by its own microphone, for a host that watches it (docs/PROTOCOL.md). All memory is the
// caller's.

#ifndef EARSHOT_LISTENING_H_
#define EARSHOT_LISTENING_H_

#include <stdint.h>

#include "kws.h"
#include "protocol/message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_INFERENCES_KEPT 16u  // more than a second of them, in which the host asks

// Inferences are numbered from 0; number i is at i % KWS_INFERENCES_KEPT.
typedef struct kws_inference {
    uint32_t time_ms;
    uint8_t label, score, is_new;  // as in a kws_event
    int8_t scores[KWS_LABEL_COUNT];
} kws_inference;

typedef struct kws_listening {
    uint32_t samples;     // heard since the start
    uint32_t inferences;  // likewise
    uint32_t loudest;     // of the samples since it was last told, without a sign
    int32_t error;        // of an inference: nothing is listened to after it
    kws_inference kept[KWS_INFERENCES_KEPT];
} kws_listening;

// Begins to listen, as the application does.
void kws_listening_start(kws_listening* listening, kws_stream* stream);

// Takes in what the microphone has heard.
void kws_listening_hear(kws_listening* listening, kws_stream* stream, const int16_t* samples, uint32_t count);

// Appends what was heard: samples so far, how loud, the number of the first inference told, and inferences
// from number next on, as many as are kept and fit.
void kws_listening_tell(kws_listening* listening, uint32_t next, kws_payload* payload);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_LISTENING_H_
