// SPDX-License-Identifier: Apache-2.0
// The device under test: answers the requests of docs/PROTOCOL.md, so that a host can prove what it computes.
//
// Once it runs, everything it says is a frame; only the banner is text, for people and for bootloaders'
// readers. It never waits for the host: a line that takes nothing for a second loses a frame, and counts it.

#include <stdint.h>
#include <string.h>

#include "build_id.h"
#include "hal.h"
#include "kws.h"
#include "line.h"
#include "model_id.h"
#include "probe.h"
#include "proof_line.h"
#include "proof_microphone.h"
#include "protocol/clip_file.h"
#include "protocol/frame.h"
#include "protocol/message.h"
#include "protocol/request.h"
#include "protocol/stopwatch.h"
#include "protocol/transfer.h"
#include "reply.h"

#define CHUNK_BYTES 256u
#define BENCH_INFERENCES_MAX 1000u

_Static_assert(KWS_LABEL_COUNT <= 255, "labels are counted in one byte");
_Static_assert(KWS_OUTPUT_COUNT <= KWS_FRAME_PAYLOAD_BYTES - 26, "the scores go into one frame");
_Static_assert(KWS_FEATURE_BINS <= KWS_FRAME_PAYLOAD_BYTES - 6, "a row of features goes into one frame");

static kws_frame_decoder decoder;
static kws_transfer transfer;
static uint8_t received[CHUNK_BYTES];
static int32_t model_error;

static kws_model* model(void) { return &kws_transfer_state(&transfer)->model; }

static void acknowledge(const kws_frame* request, int status) {
    kws_put_32(&kws_reply, transfer.id);
    kws_put_32(&kws_reply, transfer.next_sample);
    kws_put_8(&kws_reply, (uint8_t)status);
    kws_put_32(&kws_reply, transfer.kind == KWS_TRANSFER_STREAM ? transfer.of.stream.detection_count : 0);
    kws_reply_send(KWS_REPLY_ACK, request->sequence);
}

static void introduce(void) {
    static const char banner[] = "\0earshot " KWS_BOARD_ID " ready\n";  // 0 ends what came before a restart
    kws_line_send((const uint8_t*)banner, sizeof banner - 1);
    kws_put_8(&kws_reply, KWS_PROTOCOL_VERSION);
    kws_reply_send(KWS_REPLY_HELLO, KWS_UNASKED);
    if (!model_error) return;
    kws_put_text(&kws_reply, kws_model_error(model()));
    kws_reply_send(KWS_REPLY_LOG, KWS_UNASKED);
}

static void send_info(const kws_frame* request) {
    kws_put_8(&kws_reply, KWS_PROTOCOL_VERSION);
    kws_put_8(&kws_reply, KWS_LABEL_COUNT);
    kws_put_32(&kws_reply, KWS_SAMPLE_RATE_HZ);
    kws_put_16(&kws_reply, KWS_FEATURE_FRAMES);
    kws_put_16(&kws_reply, KWS_FEATURE_BINS);
    kws_put_32(&kws_reply, KWS_INPUT_BYTES);
    kws_put_32(&kws_reply, kws_model_arena_bytes(model()));
    kws_put_32(&kws_reply, KWS_HAL_RECEIVE_BYTES);
    kws_put_32(&kws_reply, kws_probe_ticks_hz());
    kws_put_8(&kws_reply, (uint8_t)KWS_INPUT_ZERO_POINT);
    kws_put_text(&kws_reply, KWS_BOARD_ID);
    kws_put_text(&kws_reply, KWS_BUILD_ID);
    kws_put_text(&kws_reply, KWS_ENGINE);
    kws_put_text(&kws_reply, KWS_MODEL_SHA256);
    kws_put_text(&kws_reply, KWS_FRONT_END_SHA256);
    kws_reply_send(KWS_REPLY_INFO, request->sequence);
}

static void send_labels(const kws_frame* request) {
    const uint8_t first = request->payload[0];
    kws_put_8(&kws_reply, first);
    for (int32_t label = first; label < KWS_LABEL_COUNT; ++label) {
        if (strlen(kws_label(label)) >= kws_payload_room(&kws_reply)) break;
        kws_put_text(&kws_reply, kws_label(label));
    }
    kws_reply_send(KWS_REPLY_LABELS, request->sequence);
}

static void send_status(const kws_frame* request) {
    kws_put_32(&kws_reply, kws_hal_clock_ms());
    kws_put_32(&kws_reply, decoder.accepted);
    kws_put_32(&kws_reply, decoder.dropped);
    kws_put_32(&kws_reply, kws_hal_serial_lost());
    kws_put_32(&kws_reply, kws_line_unsent());
    kws_reply_send(KWS_REPLY_STATUS, request->sequence);
}

static void begin_clip(const kws_frame* request) {
    const uint8_t* const payload = request->payload;
    const int status = kws_transfer_begin_clip(&transfer, kws_get_32(payload), kws_get_32(payload + 4),
                                               kws_get_32(payload + 8));
    if (status == KWS_TRANSFER_VALUE) {
        kws_refuse(request, KWS_ERROR_VALUE, "a clip must be as long as the model's input");
    } else {
        acknowledge(request, status);
    }
}

static void begin_stream(const kws_frame* request) {
    const int status =
        kws_transfer_begin_stream(&transfer, kws_get_32(request->payload), request->payload[4]);
    if (status == KWS_TRANSFER_VALUE) {
        kws_refuse(request, KWS_ERROR_VALUE, "an inference every 0 rows");
    } else {
        acknowledge(request, status);
    }
}

static void send_detection(uint32_t index, uint8_t sequence) {
    const kws_stream_state* const stream = &transfer.of.stream;
    const uint32_t place = index % KWS_DETECTIONS_KEPT;
    kws_put_32(&kws_reply, transfer.id);
    kws_put_32(&kws_reply, index);
    kws_put_32(&kws_reply, stream->detections[place].time_ms);
    kws_put_8(&kws_reply, (uint8_t)stream->detections[place].label);
    kws_put_8(&kws_reply, (uint8_t)stream->detections[place].score);
    kws_reply_send(KWS_REPLY_DETECTION, sequence);
}

// samples       of a request for audio, count of them, low byte first
static void take_audio(const kws_frame* request, const uint8_t* samples, uint32_t count) {
    const uint8_t* const payload = request->payload;
    const uint32_t detections = transfer.of.stream.detection_count;  // looked at for a stream alone
    const int status =
        kws_transfer_audio(&transfer, kws_get_32(payload), kws_get_32(payload + 4), samples, count);
    if (status == KWS_TRANSFER_NOT_THERE) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such clip or stream");
    } else if (status == KWS_TRANSFER_VALUE) {
        kws_refuse(request, KWS_ERROR_VALUE, "audio behind the end of the clip");
    } else {
        if (transfer.kind == KWS_TRANSFER_STREAM) {
            for (uint32_t index = detections; index != transfer.of.stream.detection_count; ++index)
                send_detection(index, request->sequence);
        }
        acknowledge(request, status);
    }
}

static void take_plain_audio(const kws_frame* request) {
    const size_t audio_bytes = request->payload_bytes - KWS_AUDIO_HEADER_BYTES;
    if (audio_bytes == 0 || audio_bytes % 2 != 0) {
        kws_refuse(request, KWS_ERROR_LENGTH, "audio is one or more samples of two bytes");
        return;
    }
    take_audio(request, request->payload + KWS_AUDIO_HEADER_BYTES, (uint32_t)(audio_bytes / 2));
}

static void take_packed_audio(const kws_frame* request) {
    const uint8_t* samples;
    const uint32_t count = kws_unpack_audio(request, &samples);
    if (count == 0) {
        kws_refuse(request, KWS_ERROR_VALUE, "not as many samples packed as it says");
        return;
    }
    take_audio(request, samples, count);
}

static void send_result(const kws_frame* request) {
    const kws_clip_result* const result = &transfer.result;
    const uint32_t id = kws_get_32(request->payload);
    if (transfer.kind == KWS_TRANSFER_CLIP && transfer.id == id &&
        transfer.next_sample < transfer.of.clip.sample_count) {
        acknowledge(request, KWS_TRANSFER_INCOMPLETE);
        return;
    }
    if (!transfer.has_result || result->clip_id != id) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such clip");
        return;
    }
    kws_put_32(&kws_reply, id);
    kws_put_8(&kws_reply, (uint8_t)result->status);
    kws_put_8(&kws_reply, (uint8_t)result->error);
    kws_put_32(&kws_reply, result->audio_crc);
    kws_put_32(&kws_reply, result->features_crc);
    kws_put_32(&kws_reply, result->scores_crc);
    kws_put_32(&kws_reply, result->features_ticks);
    kws_put_32(&kws_reply, result->inference_ticks);
    if (result->status == KWS_RESULT_VALID) kws_put_bytes(&kws_reply, result->scores, sizeof result->scores);
    kws_reply_send(KWS_REPLY_RESULT, request->sequence);
}

static void score_file(const kws_frame* request) {
    const int error = kws_clip_file(&transfer, request->payload, request->payload_bytes);
    if (error) {
        kws_refuse(request, (uint8_t)error, kws_clip_file_error(error));
    } else {
        send_result(request);
    }
}

static void send_features(const kws_frame* request) {
    const uint32_t id = kws_get_32(request->payload);
    const uint16_t first = kws_get_16(request->payload + 4), count = kws_get_16(request->payload + 6);
    if (transfer.kind != KWS_TRANSFER_CLIP || transfer.id != id) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such clip, or another one has begun");
    } else if (count == 0 || (size_t)first + count > transfer.of.clip.row_count) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such rows yet");
    } else if ((size_t)count * KWS_FEATURE_BINS > KWS_FRAME_PAYLOAD_BYTES - 6) {
        kws_refuse(request, KWS_ERROR_VALUE, "more rows than a frame holds");
    } else {
        kws_put_32(&kws_reply, id);
        kws_put_16(&kws_reply, first);
        kws_put_bytes(&kws_reply, kws_transfer_state(&transfer)->rows[first],
                      (size_t)count * KWS_FEATURE_BINS);
        kws_reply_send(KWS_REPLY_FEATURES, request->sequence);
    }
}

static int is_stream(uint32_t id) { return transfer.kind == KWS_TRANSFER_STREAM && transfer.id == id; }

static void send_stream_result(const kws_frame* request) {
    const kws_stream_state* const stream = &transfer.of.stream;
    if (!is_stream(kws_get_32(request->payload))) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such stream");
        return;
    }
    if (transfer.next_sample != kws_get_32(request->payload + 4)) {
        acknowledge(request, KWS_TRANSFER_INCOMPLETE);
        return;
    }
    kws_put_32(&kws_reply, transfer.id);
    kws_put_8(&kws_reply, stream->error ? KWS_RESULT_ENGINE : KWS_RESULT_VALID);
    kws_put_8(&kws_reply, (uint8_t)stream->error);
    kws_put_32(&kws_reply, transfer.next_sample);
    kws_put_32(&kws_reply, transfer.audio_crc);
    kws_put_32(&kws_reply, stream->inference_count);
    kws_put_32(&kws_reply, stream->scores_crc);
    kws_put_32(&kws_reply, stream->detection_count);
    kws_reply_send(KWS_REPLY_STREAM_RESULT, request->sequence);
}

static void repeat_detection(const kws_frame* request) {
    const uint32_t index = kws_get_32(request->payload + 4);
    const uint32_t count = transfer.of.stream.detection_count;
    if (!is_stream(kws_get_32(request->payload))) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such stream");
    } else if (index >= count || count - index > KWS_DETECTIONS_KEPT) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such detection, or too long ago");
    } else {
        send_detection(index, request->sequence);
    }
}

static void bench(const kws_frame* request) {
    const uint16_t count = kws_get_16(request->payload);
    if (count < 1 || count > BENCH_INFERENCES_MAX) {
        kws_refuse(request, KWS_ERROR_VALUE, "expected 1 to 1000 inferences");
        return;
    }
    kws_transfer_cancel(&transfer);
    kws_extremes inferences, windows, rows;
    kws_state* const state = kws_transfer_state(&transfer);
    if (kws_time_inferences(model(), count, &inferences) != 0 ||
        kws_time_windows(model(), &state->recognizer, count, &windows) != 0) {
        kws_refuse(request, KWS_ERROR_ENGINE, kws_model_error(model()));
        return;
    }
    kws_time_rows(&state->frontend, count, &rows);
    kws_put_16(&kws_reply, count);
    kws_put_32(&kws_reply, inferences.smallest);
    kws_put_32(&kws_reply, inferences.largest);
    kws_put_32(&kws_reply, windows.smallest);
    kws_put_32(&kws_reply, windows.largest);
    kws_put_32(&kws_reply, rows.smallest);
    kws_put_32(&kws_reply, rows.largest);
    kws_reply_send(KWS_REPLY_BENCH, request->sequence);
}

// Returns 1 where the request can be answered; else it is refused.
static int is_in_form(const kws_frame* request) {
    switch (kws_request_look(request)) {
        case KWS_REQUEST_UNKNOWN:
            kws_refuse(request, KWS_ERROR_UNKNOWN_TYPE, "no such request");
            return 0;
        case KWS_REQUEST_WRONG_LENGTH:
            kws_refuse(request, KWS_ERROR_LENGTH, "the request is too short or too long");
            return 0;
        case KWS_REQUEST_NEEDS_MODEL:
            if (model_error) kws_refuse(request, KWS_ERROR_ENGINE, kws_model_error(model()));
            return !model_error;
        case KWS_REQUEST_IN_FORM:
            return 1;
    }
    return 0;
}

static void answer(const kws_frame* request) {
    if (!is_in_form(request)) return;
    switch (request->type) {
        case KWS_REQUEST_INFO:
            send_info(request);
            return;
        case KWS_REQUEST_LABELS:
            send_labels(request);
            return;
        case KWS_REQUEST_STATUS:
            send_status(request);
            return;
        case KWS_REQUEST_CLIP_BEGIN:
            begin_clip(request);
            return;
        case KWS_REQUEST_AUDIO:
            take_plain_audio(request);
            return;
        case KWS_REQUEST_AUDIO_PACKED:
            take_packed_audio(request);
            return;
        case KWS_REQUEST_RESULT:
            send_result(request);
            return;
        case KWS_REQUEST_FEATURES:
            send_features(request);
            return;
        case KWS_REQUEST_STREAM_BEGIN:
            begin_stream(request);
            return;
        case KWS_REQUEST_STREAM_RESULT:
            send_stream_result(request);
            return;
        case KWS_REQUEST_DETECTION:
            repeat_detection(request);
            return;
        case KWS_REQUEST_BENCH:
            bench(request);
            return;
        case KWS_REQUEST_RESET:
            kws_hal_reset();
            return;
        case KWS_REQUEST_CLIP_FILE:
            score_file(request);
            return;
        case KWS_REQUEST_RECORD:
            kws_answer_record(request);
            return;
        case KWS_REQUEST_LISTEN:
            kws_answer_listen(request, &transfer);
            return;
        case KWS_REQUEST_LINE:
            kws_answer_line(request);
            return;
        case KWS_REQUEST_RATE:
            kws_answer_rate(request);
            return;
        case KWS_REQUEST_CHECK:
            kws_answer_check(request);
            return;
    }
}

int main(void) {
    kws_hal_init();
    kws_frame_decoder_init(&decoder);
    kws_proof_line_init();
    model_error = kws_transfer_init(&transfer);
    introduce();
    for (;;) {
        const size_t heard = kws_proof_hear(&transfer);
        const size_t count = kws_hal_serial_read(received, CHUNK_BYTES);
        if (count == 0) {
            kws_proof_line_poll();
            if (heard == 0) kws_hal_idle();
        }
        for (size_t taken = 0; taken < count;) {
            kws_frame request;
            int has_frame;
            taken += kws_frame_decode(&decoder, received + taken, count - taken, &request, &has_frame);
            if (!has_frame) continue;
            answer(&request);
            kws_proof_line_heard();
        }
    }
}
