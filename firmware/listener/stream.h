// SPDX-License-Identifier: Apache-2.0
// What lies in a kws_stream, for programs that measure and prove it. Others need kws.h alone.

#ifndef EARSHOT_STREAM_H_
#define EARSHOT_STREAM_H_

#include <stdint.h>

#include "frontend/frontend.h"
#include "kws.h"
#include "listener/recognizer.h"
#include "model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

// In the order of what its members are aligned to, so that its size is the same on every core: stream_bytes()
// in codegen/library.py adds it up.
typedef struct kws_state {
    kws_model model;
    uint64_t sample_count;  // listened to since the start
    kws_frontend frontend;
    kws_recognizer recognizer;
    uint32_t is_ready;  // KWS_READY between kws_init() and the end
    uint32_t row_count;
    int32_t next_row;      // of rows[], to be written
    int32_t missing_rows;  // until a window is full
    int32_t rows_until_inference;
    int32_t stride_rows;
    uint32_t is_following;  // 1: the engine knows all windows that it has to for kws_model_invoke_next()
    uint32_t written;       // samples, modulo 2^32; of waiting[], kws_push() writes it and nobody else
    uint32_t read;          // likewise, kws_poll()
    int16_t waiting[KWS_BUFFER_SAMPLES];
    int8_t rows[KWS_FEATURE_FRAMES][KWS_FEATURE_BINS];  // ring of model input; the model overwrites its own
    int8_t scores[KWS_LABEL_COUNT];                     // of the last inference
} kws_state;

static inline kws_state* kws_state_of(kws_stream* stream) { return (kws_state*)stream->memory; }

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_STREAM_H_
