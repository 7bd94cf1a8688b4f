// SPDX-License-Identifier: Apache-2.0
#include "listener.h"

#include <string.h>

#include "engine.h"

// The generated files must be those of one model, and of the kind that the recognizer knows.
_Static_assert(KWS_INPUT_BYTES == KWS_FEATURE_FRAMES * KWS_FEATURE_BINS, "the model takes all features");
_Static_assert((int)KWS_OUTPUT_COUNT == (int)kCategoryCount, "the model gives one score per label");
_Static_assert(kSilenceIndex == 0 && kOutputZeroPoint == -128, "what recognizer.h expects");

static const kws_recognizer_settings recognizer_settings = {
    .window_ms = kAverageWindowDurationMs,
    .suppression_ms = kSuppressionMs,
    .minimum_count = kMinimumCount,
    .thresholds = kDetectionThresholds,
    .suppress_each_word = kSuppressEachWord,
};

void kws_listener_init(kws_listener* listener, int32_t inference_stride_rows) {
    memset(listener, 0, sizeof *listener);
    kws_frontend_reset(&listener->frontend);
    listener->inference_stride_rows = inference_stride_rows;
    listener->rows_until_inference = KWS_FEATURE_FRAMES;
    kws_recognizer_init(&listener->recognizer, &recognizer_settings, listener->recognizer_scores,
                        listener->suppressed_ms, kCategoryCount);
}

// From 0..255 to the model's int8.
static void keep_row(kws_listener* listener, const uint8_t row[KWS_FEATURE_BINS]) {
    int8_t* const kept = listener->rows[listener->next_row];
    for (size_t i = 0; i < KWS_FEATURE_BINS; ++i) kept[i] = (int8_t)(row[i] + kInputZeroPoint);
    listener->next_row = (listener->next_row + 1) % KWS_FEATURE_FRAMES;
}

// Copies the ring to the model's input, the oldest row first. While the ring is full, that is the next one.
static void write_model_input(const kws_listener* listener) {
    const size_t oldest = (size_t)listener->next_row;
    const size_t older_bytes = (KWS_FEATURE_FRAMES - oldest) * KWS_FEATURE_BINS;
    int8_t* const input = kws_model_input();
    memcpy(input, listener->rows[oldest], older_bytes);
    memcpy(input + older_bytes, listener->rows[0], KWS_INPUT_BYTES - older_bytes);
}

static void infer(kws_listener* listener, kws_event* event) {
    event->has_result = 1;
    event->time_ms = (uint32_t)(listener->sample_count * 1000u / kAudioSampleFrequency);
    write_model_input(listener);
    event->error = kws_model_invoke();
    if (event->error) return;
    event->error =
        kws_recognizer_update(&listener->recognizer, kws_model_output(), event->time_ms, &event->detection);
}

size_t kws_listener_push(kws_listener* listener, const int16_t* samples, size_t sample_count,
                         kws_event* event) {
    *event = (kws_event){0};
    uint8_t row[KWS_FEATURE_BINS];
    int row_ready;
    const size_t taken = kws_frontend_push(&listener->frontend, samples, sample_count, row, &row_ready);
    listener->sample_count += taken;
    if (!row_ready) return taken;
    keep_row(listener, row);
    listener->rows_until_inference -= 1;
    if (listener->rows_until_inference == 0) {
        listener->rows_until_inference = listener->inference_stride_rows;
        infer(listener, event);
    }
    return taken;
}
