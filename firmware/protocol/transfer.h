// SPDX-License-Identifier: Apache-2.0
// One clip or one stream as its audio comes in, and what comes of it.
//
// A clip is treated as in training: all its rows of features, one inference, nothing smoothed. A stream is
// listened to as the application listens. Both use the same kws_stream, the clip only the front end, the rows
// and the model in it. Nothing here knows of frames. All memory is the caller's.

#ifndef EARSHOT_TRANSFER_H_
#define EARSHOT_TRANSFER_H_

#include <stddef.h>
#include <stdint.h>

#include "kws.h"
#include "listener/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_DETECTIONS_KEPT 16

// Numbers as in docs/PROTOCOL.md; the negative ones are no part of it.
enum kws_transfer_status {
    KWS_TRANSFER_ACCEPTED = 0,
    KWS_TRANSFER_DUPLICATE = 1,
    KWS_TRANSFER_GAP = 2,
    KWS_TRANSFER_INCOMPLETE = 3,
    KWS_TRANSFER_NOT_THERE = -1,  // another clip or stream, or none
    KWS_TRANSFER_VALUE = -2,      // what was asked for cannot be
};

enum kws_result_status {
    KWS_RESULT_VALID = 0,
    KWS_RESULT_AUDIO_CRC = 1,
    KWS_RESULT_ENGINE = 2,
};

typedef struct kws_clip_result {
    uint32_t clip_id;
    int32_t status;  // enum kws_result_status
    int32_t error;   // of kws_model_invoke()
    uint32_t audio_crc, features_crc, scores_crc;
    uint32_t features_ticks, inference_ticks;
    int8_t scores[KWS_OUTPUT_COUNT];  // where status is KWS_RESULT_VALID
} kws_clip_result;

typedef struct kws_stream_state {
    int32_t inference_stride_rows;
    int32_t error;  // of an inference: nothing is listened to after it
    uint32_t inference_count, scores_crc, detection_count;
    kws_event detections[KWS_DETECTIONS_KEPT];  // number i is at i % KWS_DETECTIONS_KEPT
} kws_stream_state;

typedef struct kws_clip_state {
    uint32_t row_count;
    uint32_t sample_count, announced_crc;
    uint32_t features_ticks;
} kws_clip_state;

enum kws_transfer_kind {
    KWS_TRANSFER_NONE,
    KWS_TRANSFER_CLIP,
    KWS_TRANSFER_STREAM,
    KWS_TRANSFER_LISTENING,  // to the board's own microphone, of which nothing is kept here
};

// Members are for reading; which of the union's is valid, kind says.
typedef struct kws_transfer {
    enum kws_transfer_kind kind;
    uint32_t id;
    uint32_t next_sample;
    uint32_t audio_crc;  // of all samples taken
    union {
        kws_clip_state clip;
        kws_stream_state stream;
    } of;
    int32_t has_result;  // of the last clip that was complete
    kws_clip_result result;
    kws_stream stream;
} kws_transfer;

// No clip, no stream, no result.
//
// returns       0, or the error of kws_init(): then nothing else is to be called but kws_transfer_cancel()
int32_t kws_transfer_init(kws_transfer* transfer);

// What the clip or stream is computed with.
static inline kws_state* kws_transfer_state(kws_transfer* transfer) {
    return kws_state_of(&transfer->stream);
}

// Gives up the clip or stream; the last result stays.
void kws_transfer_cancel(kws_transfer* transfer);

// Starts a clip, or does nothing where it is the same as the current one.
//
// sample_count  as many as give all rows of features and no more
// audio_crc     of all samples, int16 little endian
// returns       KWS_TRANSFER_ACCEPTED, KWS_TRANSFER_DUPLICATE or KWS_TRANSFER_VALUE
int kws_transfer_begin_clip(kws_transfer* transfer, uint32_t id, uint32_t sample_count, uint32_t audio_crc);

// Starts a stream, or does nothing where it is the same as the current one.
//
// returns       KWS_TRANSFER_ACCEPTED, KWS_TRANSFER_DUPLICATE or KWS_TRANSFER_VALUE
int kws_transfer_begin_stream(kws_transfer* transfer, uint32_t id, int32_t inference_stride_rows);

// Hands stream and engine to what listens to the microphone, until a clip or a stream begins.
void kws_transfer_begin_listening(kws_transfer* transfer, uint32_t id);

// Takes in audio, if it is that which is next. The end of a clip runs the model.
//
// samples       sample_count of them, int16 little endian, at any address
// returns       enum kws_transfer_status, but not KWS_TRANSFER_INCOMPLETE
int kws_transfer_audio(kws_transfer* transfer, uint32_t id, uint32_t first_sample, const uint8_t* samples,
                       uint32_t sample_count);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_TRANSFER_H_
