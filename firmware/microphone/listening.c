// SPDX-License-Identifier: Apache-2.0
#include "listening.h"

#define INFERENCE_BYTES (7u + KWS_LABEL_COUNT)

void kws_listening_start(kws_listening* listening, kws_stream* stream) {
    listening->samples = listening->inferences = listening->loudest = 0;
    listening->error = 0;
    kws_reset(stream);
    kws_set_stride(stream, KWS_STRIDE_ROWS);
}

static void keep(kws_listening* listening, const kws_stream* stream, const kws_event* event) {
    kws_inference* const kept = &listening->kept[listening->inferences++ % KWS_INFERENCES_KEPT];
    const int8_t* const scores = kws_scores(stream);
    kept->time_ms = event->time_ms;
    kept->label = (uint8_t)event->label;
    kept->score = (uint8_t)event->score;
    kept->is_new = (uint8_t)event->is_new;
    for (uint32_t i = 0; i < KWS_LABEL_COUNT; ++i) kept->scores[i] = scores[i];
}

void kws_listening_hear(kws_listening* listening, kws_stream* stream, const int16_t* samples,
                        uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
        const uint32_t loud = (uint32_t)(samples[i] < 0 ? -(int32_t)samples[i] : samples[i]);
        if (loud > listening->loudest) listening->loudest = loud;
    }
    listening->samples += count;
    for (uint32_t taken = 0; taken < count && !listening->error;) {
        kws_event event;
        int32_t result;
        taken += kws_push(stream, samples + taken, count - taken);
        while ((result = kws_poll(stream, &event)) > 0) keep(listening, stream, &event);
        listening->error = result;
    }
}

void kws_listening_tell(kws_listening* listening, uint32_t next, kws_payload* payload) {
    const uint32_t kept =
        listening->inferences < KWS_INFERENCES_KEPT ? listening->inferences : KWS_INFERENCES_KEPT;
    const uint32_t first = listening->inferences - kept;
    if (next - first > kept) next = first;  // told no longer, or not yet
    kws_put_32(payload, listening->samples);
    kws_put_16(payload, (uint16_t)listening->loudest);
    kws_put_32(payload, next);
    listening->loudest = 0;
    for (; next != listening->inferences && kws_payload_room(payload) >= INFERENCE_BYTES; ++next) {
        const kws_inference* const told = &listening->kept[next % KWS_INFERENCES_KEPT];
        kws_put_32(payload, told->time_ms);
        kws_put_8(payload, told->label);
        kws_put_8(payload, told->score);
        kws_put_8(payload, told->is_new);
        kws_put_bytes(payload, told->scores, sizeof told->scores);
    }
}
