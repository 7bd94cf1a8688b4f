// SPDX-License-Identifier: Apache-2.0
#include "transfer.h"

#include <string.h>

#include "crc32.h"
#include "probe.h"

#define CHUNK_SAMPLES 160u

int32_t kws_transfer_init(kws_transfer* transfer) {
    memset(transfer, 0, sizeof *transfer);
    return kws_init(&transfer->stream);
}

void kws_transfer_cancel(kws_transfer* transfer) { transfer->kind = KWS_TRANSFER_NONE; }

static void begin(kws_transfer* transfer, enum kws_transfer_kind kind, uint32_t id) {
    transfer->kind = kind;
    transfer->id = id;
    transfer->next_sample = 0;
    transfer->audio_crc = 0;
    memset(&transfer->of, 0, sizeof transfer->of);
}

static int gives_all_rows(uint32_t sample_count) {
    return sample_count >= KWS_WINDOW_SAMPLES &&
           (sample_count - KWS_WINDOW_SAMPLES) / KWS_STRIDE_SAMPLES + 1 == KWS_FEATURE_FRAMES;
}

int kws_transfer_begin_clip(kws_transfer* transfer, uint32_t id, uint32_t sample_count, uint32_t audio_crc) {
    kws_clip_state* const clip = &transfer->of.clip;
    if (!gives_all_rows(sample_count)) return KWS_TRANSFER_VALUE;
    if (transfer->kind == KWS_TRANSFER_CLIP && transfer->id == id && clip->sample_count == sample_count &&
        clip->announced_crc == audio_crc)
        return KWS_TRANSFER_DUPLICATE;
    begin(transfer, KWS_TRANSFER_CLIP, id);
    clip->sample_count = sample_count;
    clip->announced_crc = audio_crc;
    kws_frontend_reset(&kws_transfer_state(transfer)->frontend);
    return KWS_TRANSFER_ACCEPTED;
}

int kws_transfer_begin_stream(kws_transfer* transfer, uint32_t id, int32_t inference_stride_rows) {
    kws_stream_state* const stream = &transfer->of.stream;
    if (inference_stride_rows < 1) return KWS_TRANSFER_VALUE;
    if (transfer->kind == KWS_TRANSFER_STREAM && transfer->id == id &&
        stream->inference_stride_rows == inference_stride_rows)
        return KWS_TRANSFER_DUPLICATE;
    begin(transfer, KWS_TRANSFER_STREAM, id);
    stream->inference_stride_rows = inference_stride_rows;
    kws_reset(&transfer->stream);
    kws_set_stride(&transfer->stream, inference_stride_rows);
    return KWS_TRANSFER_ACCEPTED;
}

void kws_transfer_begin_listening(kws_transfer* transfer, uint32_t id) {
    begin(transfer, KWS_TRANSFER_LISTENING, id);
}

static void push_to_clip(kws_clip_state* clip, kws_state* state, const int16_t* samples, uint32_t count) {
    const uint32_t start = kws_probe_ticks();
    for (uint32_t taken = 0; taken < count;) {
        uint8_t row[KWS_FEATURE_BINS];
        int row_ready;
        taken += kws_frontend_push(&state->frontend, samples + taken, count - taken, row, &row_ready);
        if (!row_ready) continue;
        int8_t* const kept = state->rows[clip->row_count++];  // not more than there are: gives_all_rows()
        for (size_t i = 0; i < KWS_FEATURE_BINS; ++i) kept[i] = (int8_t)(row[i] + KWS_INPUT_ZERO_POINT);
    }
    clip->features_ticks += kws_probe_ticks() - start;
}

static void keep_result(kws_stream_state* of, const kws_stream* stream, const kws_event* event) {
    of->inference_count += 1;
    of->scores_crc = kws_crc32(of->scores_crc, kws_scores(stream), KWS_LABEL_COUNT);
    if (event->is_new) of->detections[of->detection_count++ % KWS_DETECTIONS_KEPT] = *event;
}

static void push_to_stream(kws_stream_state* of, kws_stream* stream, const int16_t* samples, uint32_t count) {
    for (uint32_t taken = 0; taken < count && !of->error;) {
        kws_event event;
        int32_t result;
        taken += kws_push(stream, samples + taken, count - taken);
        while ((result = kws_poll(stream, &event)) > 0) keep_result(of, stream, &event);
        of->error = result;
    }
}

static void infer(kws_clip_result* result, kws_state* state) {
    memcpy(kws_model_input(&state->model), state->rows, KWS_INPUT_BYTES);
    const uint32_t start = kws_probe_ticks();
    result->error = kws_model_invoke(&state->model);
    result->inference_ticks = kws_probe_ticks() - start;
    if (result->error) {
        result->status = KWS_RESULT_ENGINE;
        return;
    }
    memcpy(result->scores, kws_model_output(&state->model), KWS_OUTPUT_COUNT);
    result->scores_crc = kws_crc32(0, result->scores, KWS_OUTPUT_COUNT);
}

static void end_clip(kws_transfer* transfer) {
    const kws_clip_state* const clip = &transfer->of.clip;
    kws_state* const state = kws_transfer_state(transfer);
    kws_clip_result* const result = &transfer->result;
    *result = (kws_clip_result){.clip_id = transfer->id, .audio_crc = transfer->audio_crc};
    result->features_crc = kws_crc32(0, state->rows, sizeof state->rows);
    result->features_ticks = clip->features_ticks;
    if (transfer->audio_crc != clip->announced_crc) {
        result->status = KWS_RESULT_AUDIO_CRC;
    } else {
        infer(result, state);
    }
    transfer->has_result = 1;
}

static void push(kws_transfer* transfer, const uint8_t* bytes, uint32_t count) {
    int16_t samples[CHUNK_SAMPLES];
    for (uint32_t done = 0; done < count;) {
        const uint32_t chunk = count - done < CHUNK_SAMPLES ? count - done : CHUNK_SAMPLES;
        for (uint32_t i = 0; i < chunk; ++i, bytes += 2) samples[i] = (int16_t)(bytes[0] | bytes[1] << 8);
        done += chunk;
        if (transfer->kind == KWS_TRANSFER_CLIP) {
            push_to_clip(&transfer->of.clip, kws_transfer_state(transfer), samples, chunk);
        } else {
            push_to_stream(&transfer->of.stream, &transfer->stream, samples, chunk);
        }
    }
}

int kws_transfer_audio(kws_transfer* transfer, uint32_t id, uint32_t first_sample, const uint8_t* samples,
                       uint32_t sample_count) {
    const int is_clip = transfer->kind == KWS_TRANSFER_CLIP;
    if ((!is_clip && transfer->kind != KWS_TRANSFER_STREAM) || transfer->id != id)
        return KWS_TRANSFER_NOT_THERE;
    const uint32_t limit = is_clip ? transfer->of.clip.sample_count : UINT32_MAX;
    if (first_sample > limit || sample_count > limit - first_sample) return KWS_TRANSFER_VALUE;
    if (first_sample < transfer->next_sample) return KWS_TRANSFER_DUPLICATE;
    if (first_sample > transfer->next_sample) return KWS_TRANSFER_GAP;
    transfer->audio_crc = kws_crc32(transfer->audio_crc, samples, 2 * (size_t)sample_count);
    transfer->next_sample += sample_count;
    push(transfer, samples, sample_count);
    if (is_clip && transfer->next_sample == limit) end_clip(transfer);
    return KWS_TRANSFER_ACCEPTED;
}
