// SPDX-License-Identifier: Apache-2.0
#include "listener/recognizer.h"

#include <string.h>

#define SCORE_ZERO_POINT (-128)

void kws_recognizer_reset(kws_recognizer* recognizer) {
    memset(recognizer->suppressed_ms, 0, sizeof recognizer->suppressed_ms);
    recognizer->oldest = 0;
    recognizer->count = 0;
    recognizer->previous_label = KWS_SILENCE;
    recognizer->is_started = 0;
}

// Row of the queue, counted from the oldest.
static int32_t row_at(const kws_recognizer* recognizer, int32_t offset) {
    return (recognizer->oldest + offset) % KWS_RECOGNIZER_CAPACITY;
}

// Unsigned differences stay right where the clock wraps around.
static uint32_t age_ms(const kws_recognizer* recognizer, uint32_t now_ms) {
    return now_ms - recognizer->times_ms[recognizer->oldest];
}

static void append(kws_recognizer* recognizer, const int8_t* scores, uint32_t time_ms) {
    if (recognizer->count == KWS_RECOGNIZER_CAPACITY) return;
    const int32_t newest = row_at(recognizer, recognizer->count);
    memcpy(recognizer->scores + newest * KWS_LABEL_COUNT, scores, KWS_LABEL_COUNT);
    recognizer->times_ms[newest] = time_ms;
    recognizer->count += 1;
}

static void drop_older_than_window(kws_recognizer* recognizer, uint32_t now_ms) {
    while (recognizer->count > 0 && age_ms(recognizer, now_ms) > recognizer->point.window_ms) {
        recognizer->oldest = row_at(recognizer, 1);
        recognizer->count -= 1;
    }
}

// Integer mean of one label's scores, 0 to 255, rounded down.
static int32_t mean_score(const kws_recognizer* recognizer, int32_t label) {
    int32_t sum = 0;
    for (int32_t i = 0; i < recognizer->count; ++i) {
        sum += recognizer->scores[row_at(recognizer, i) * KWS_LABEL_COUNT + label] - SCORE_ZERO_POINT;
    }
    return sum / recognizer->count;
}

// Counts down, so that the clock may wrap around however long a label is not heard.
static void let_suppression_pass(kws_recognizer* recognizer, uint32_t elapsed_ms) {
    for (int32_t label = 0; label < KWS_LABEL_COUNT; ++label) {
        uint32_t* const left_ms = &recognizer->suppressed_ms[label];
        *left_ms = *left_ms > elapsed_ms ? *left_ms - elapsed_ms : 0;
    }
}

static int32_t is_news(const kws_recognizer* recognizer, int32_t label) {
    if (label == KWS_SILENCE) return !recognizer->point.suppress_each_word;
    return recognizer->suppressed_ms[label] == 0;
}

static void remember(kws_recognizer* recognizer, int32_t label) {
    if (!recognizer->point.suppress_each_word) let_suppression_pass(recognizer, UINT32_MAX);
    recognizer->suppressed_ms[label] = recognizer->point.suppression_ms + 1;
    recognizer->previous_label = label;
}

int32_t kws_recognizer_update(kws_recognizer* recognizer, const int8_t* scores, uint32_t time_ms,
                              kws_detection* detection) {
    const kws_point* const point = &recognizer->point;
    if (recognizer->is_started && (int32_t)(time_ms - recognizer->newest_time_ms) < 0) return KWS_ERROR_TIME;
    if (recognizer->is_started) let_suppression_pass(recognizer, time_ms - recognizer->newest_time_ms);
    recognizer->is_started = 1;
    recognizer->newest_time_ms = time_ms;
    append(recognizer, scores, time_ms);
    drop_older_than_window(recognizer, time_ms);

    detection->label = recognizer->previous_label;
    detection->score = 0;
    detection->is_new = 0;
    if (recognizer->count < point->minimum_count) return 0;
    if (age_ms(recognizer, time_ms) < point->window_ms / 4) return 0;

    detection->label = 0;
    for (int32_t label = 0; label < KWS_LABEL_COUNT; ++label) {
        const int32_t score = mean_score(recognizer, label);
        if (score > detection->score) {
            detection->label = label;
            detection->score = score;
        }
    }
    if (detection->score > point->thresholds[detection->label] && is_news(recognizer, detection->label)) {
        remember(recognizer, detection->label);
        detection->is_new = 1;
    }
    return 0;
}
