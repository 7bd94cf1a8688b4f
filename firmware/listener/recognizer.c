// SPDX-License-Identifier: Apache-2.0
#include "recognizer.h"

#include <string.h>

#define SILENCE 0
#define SCORE_ZERO_POINT (-128)

void kws_recognizer_init(kws_recognizer* recognizer, const kws_recognizer_settings* settings, int8_t* scores,
                         uint32_t* suppressed_ms, int32_t label_count) {
    memset(recognizer, 0, sizeof *recognizer);
    recognizer->settings = *settings;
    recognizer->scores = scores;
    recognizer->suppressed_ms = suppressed_ms;
    memset(suppressed_ms, 0, (size_t)label_count * sizeof *suppressed_ms);
    recognizer->label_count = label_count;
    recognizer->previous_label = SILENCE;
}

// Row of the queue, counted from the oldest.
static int32_t row(const kws_recognizer* recognizer, int32_t offset) {
    return (recognizer->oldest + offset) % KWS_RECOGNIZER_CAPACITY;
}

// Unsigned differences stay right where the clock wraps around.
static uint32_t age_ms(const kws_recognizer* recognizer, uint32_t now_ms) {
    return now_ms - recognizer->times_ms[recognizer->oldest];
}

static void append(kws_recognizer* recognizer, const int8_t* scores, uint32_t time_ms) {
    if (recognizer->count == KWS_RECOGNIZER_CAPACITY) return;
    const int32_t newest = row(recognizer, recognizer->count);
    const size_t label_count = (size_t)recognizer->label_count;
    memcpy(recognizer->scores + (size_t)newest * label_count, scores, label_count);
    recognizer->times_ms[newest] = time_ms;
    recognizer->count += 1;
}

static void drop_older_than_window(kws_recognizer* recognizer, uint32_t now_ms) {
    while (recognizer->count > 0 && age_ms(recognizer, now_ms) > recognizer->settings.window_ms) {
        recognizer->oldest = row(recognizer, 1);
        recognizer->count -= 1;
    }
}

// Integer mean of one label's scores, 0 to 255, rounded down.
static int32_t mean_score(const kws_recognizer* recognizer, int32_t label) {
    int32_t sum = 0;
    for (int32_t i = 0; i < recognizer->count; ++i) {
        sum += recognizer->scores[row(recognizer, i) * recognizer->label_count + label] - SCORE_ZERO_POINT;
    }
    return sum / recognizer->count;
}

// Counts down, so that the clock may wrap around however long a label is not heard.
static void let_suppression_pass(kws_recognizer* recognizer, uint32_t elapsed_ms) {
    for (int32_t label = 0; label < recognizer->label_count; ++label) {
        uint32_t* const left_ms = &recognizer->suppressed_ms[label];
        *left_ms = *left_ms > elapsed_ms ? *left_ms - elapsed_ms : 0;
    }
}

static int is_news(const kws_recognizer* recognizer, int32_t label) {
    if (label == SILENCE) return !recognizer->settings.suppress_each_word;
    return recognizer->suppressed_ms[label] == 0;
}

static void remember(kws_recognizer* recognizer, int32_t label) {
    const kws_recognizer_settings* settings = &recognizer->settings;
    if (!settings->suppress_each_word) let_suppression_pass(recognizer, UINT32_MAX);
    recognizer->suppressed_ms[label] = settings->suppression_ms + 1;
    recognizer->previous_label = label;
}

int kws_recognizer_update(kws_recognizer* recognizer, const int8_t* scores, uint32_t time_ms,
                          kws_detection* detection) {
    if (recognizer->is_started && (int32_t)(time_ms - recognizer->newest_time_ms) < 0) return KWS_ERROR_TIME;
    if (recognizer->is_started) let_suppression_pass(recognizer, time_ms - recognizer->newest_time_ms);
    recognizer->is_started = 1;
    recognizer->newest_time_ms = time_ms;
    append(recognizer, scores, time_ms);
    drop_older_than_window(recognizer, time_ms);

    const kws_recognizer_settings* settings = &recognizer->settings;
    *detection = (kws_detection){.label = recognizer->previous_label};
    if (recognizer->count < settings->minimum_count) return 0;
    if (age_ms(recognizer, time_ms) < settings->window_ms / 4) return 0;

    detection->label = 0;
    for (int32_t label = 0; label < recognizer->label_count; ++label) {
        const int32_t score = mean_score(recognizer, label);
        if (score > detection->score) {
            detection->label = label;
            detection->score = score;
        }
    }
    if (detection->score > settings->thresholds[detection->label] && is_news(recognizer, detection->label)) {
        remember(recognizer, detection->label);
        detection->is_new = 1;
    }
    return 0;
}
