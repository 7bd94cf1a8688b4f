// SPDX-License-Identifier: Apache-2.0
// Samples in, decisions out: front end, model and recognizer as one stream.
//
// Every program that listens shares it, on every board. Results depend on the samples alone, not
// on the pieces they come in nor on the clock, so that the same audio gives the same results
// anywhere. All memory is the caller's.

#ifndef EARSHOT_LISTENER_H_
#define EARSHOT_LISTENER_H_

#include <stddef.h>
#include <stdint.h>

#include "frontend/frontend.h"
#include "micro_model_settings.h"
#include "operating_point.h"  // KWS_INFERENCE_STRIDE_ROWS
#include "recognizer.h"

#ifdef __cplusplus
extern "C" {
#endif

// State of one stream. Treat it as opaque; it is complete only so that callers can own it.
typedef struct kws_listener {
    kws_frontend frontend;
    int8_t rows[KWS_FEATURE_FRAMES][KWS_FEATURE_BINS];  // ring of model input; the model overwrites its own
    int32_t next_row;                                   // to be written
    int32_t rows_until_inference;
    int32_t inference_stride_rows;
    uint64_t sample_count;  // taken in since the start
    kws_recognizer recognizer;
    int8_t recognizer_scores[KWS_RECOGNIZER_CAPACITY * kCategoryCount];
    uint32_t suppressed_ms[kCategoryCount];
} kws_listener;

// What a piece of audio led to.
typedef struct kws_event {
    int32_t has_result;       // 1 where an inference was run; the fields below hold only then
    int32_t error;            // 0, or the negative number of the model or the recognizer: stop
    uint32_t time_ms;         // end of the audio that the result is about; wraps around after 49 days
    kws_detection detection;  // see recognizer.h
} kws_event;

// Starts a stream: the next sample is its first. kws_model_init() must have succeeded.
//
// inference_stride_rows   at least 1; KWS_INFERENCE_STRIDE_ROWS of operating_point.h without another wish
void kws_listener_init(kws_listener* listener, int32_t inference_stride_rows);

// Takes in samples, at most up to the next row of features, and runs the model where that is due.
//
// The first result comes with the first KWS_FEATURE_FRAMES rows: as in micro_speech, which
// computes all of them on its first run, the model sees no row that no audio gave.
//
// returns       how many samples were taken; call again with the rest
size_t kws_listener_push(kws_listener* listener, const int16_t* samples, size_t sample_count,
                         kws_event* event);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_LISTENER_H_
