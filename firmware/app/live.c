// SPDX-License-Identifier: Apache-2.0
#include "app/live.h"

#include <string.h>

#include "model/model.h"

static kws_listener listener;
static int8_t scores[kCategoryCount];
static uint8_t thresholds[kCategoryCount];
static uint32_t row_count;

static int16_t caller_samples[KWS_LIVE_SAMPLES];
static kws_event caller_event;
static uint8_t caller_thresholds[kCategoryCount];

int32_t kws_live_init(int32_t inference_stride_rows) {
    const int32_t error = kws_model_init();
    if (error) return error;
    kws_listener_init(&listener, inference_stride_rows);
    memset(scores, kOutputZeroPoint, sizeof scores);
    row_count = 0;
    return 0;
}

size_t kws_live_push(const int16_t* samples, size_t sample_count, kws_event* event) {
    *event = (kws_event){0};
    size_t taken = 0;
    while (taken < sample_count && !event->has_result) {
        const int32_t row = listener.next_row;
        taken += kws_listener_push(&listener, samples + taken, sample_count - taken, event);
        row_count += listener.next_row != row;
    }
    if (event->has_result && !event->error) memcpy(scores, kws_model_output(), sizeof scores);
    return taken;
}

void kws_live_set_point(uint32_t window_ms, uint32_t suppression_ms, int32_t minimum_count,
                        int32_t suppress_each_word, const uint8_t* new_thresholds) {
    memcpy(thresholds, new_thresholds, sizeof thresholds);
    listener.recognizer.settings = (kws_recognizer_settings){
        .window_ms = window_ms,
        .suppression_ms = suppression_ms,
        .minimum_count = minimum_count,
        .thresholds = thresholds,
        .suppress_each_word = suppress_each_word,
    };
}

const int8_t* kws_live_scores(void) { return scores; }

const int8_t* kws_live_row(void) {
    return listener.rows[(listener.next_row + KWS_FEATURE_FRAMES - 1) % KWS_FEATURE_FRAMES];
}

uint32_t kws_live_row_count(void) { return row_count; }

int16_t* kws_live_samples(void) { return caller_samples; }

kws_event* kws_live_event(void) { return &caller_event; }

uint8_t* kws_live_thresholds(void) { return caller_thresholds; }
