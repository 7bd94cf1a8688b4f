// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "kws.h"
#include "engine.h"
#include "listener.h"

// Interim: until firmware/listener/stream.c of the core is there.
typedef struct state {
    kws_listener listener;
    int16_t samples[KWS_BUFFER_SAMPLES];
    volatile uint32_t head, tail;
    uint32_t rows;
    kws_point point;
} state;
_Static_assert(sizeof(state) <= sizeof(kws_stream), "interim");

static state* of(const kws_stream* stream) { return (state*)(uintptr_t)stream; }

int32_t kws_init(kws_stream* stream) {
    state* s = of(stream);
    const int error = kws_model_init();
    if (error) return error;
    memset(s, 0, sizeof *s);
    kws_listener_init(&s->listener, KWS_STRIDE_ROWS);
    kws_set_point(stream, &kws_default_point);
    return 0;
}
void kws_reset(kws_stream* stream) { (void)kws_init(stream); }
uint32_t kws_push(kws_stream* stream, const int16_t* samples, uint32_t sample_count) {
    state* s = of(stream);
    uint32_t i = 0;
    for (; i < sample_count && s->head - s->tail < KWS_BUFFER_SAMPLES; ++i)
        s->samples[s->head++ % KWS_BUFFER_SAMPLES] = samples[i];
    return i;
}
int32_t kws_poll(kws_stream* stream, kws_event* event) {
    state* s = of(stream);
    while (s->head != s->tail) {
        struct kws_live_event found;
        const uint32_t place = s->tail % KWS_BUFFER_SAMPLES;
        uint32_t count = s->head - s->tail;
        if (count > KWS_BUFFER_SAMPLES - place) count = KWS_BUFFER_SAMPLES - place;
        s->tail += (uint32_t)kws_listener_push(&s->listener, s->samples + place, count, &found);
        if (found.error) return found.error;
        if (found.has_result) {
            event->time_ms = found.time_ms;
            event->label = found.detection.label;
            event->score = found.detection.score;
            event->is_new = found.detection.is_new;
            return 1;
        }
    }
    return 0;
}
const int8_t* kws_scores(const kws_stream* stream) { (void)stream; return kws_model_output(); }
const char* kws_label(int32_t label) { return kCategoryLabels[label]; }
const char* kws_version(void) { return KWS_VERSION; }
const char* kws_error_text(int32_t error) { return error ? "error" : ""; }
void kws_set_point(kws_stream* stream, const kws_point* point) {
    state* s = of(stream);
    kws_recognizer_settings* r = &s->listener.recognizer.settings;
    s->point = *point;
    r->window_ms = point->window_ms;
    r->suppression_ms = point->suppression_ms;
    r->minimum_count = point->minimum_count;
    r->suppress_each_word = point->suppress_each_word;
    r->thresholds = s->point.thresholds;
}
void kws_set_stride(kws_stream* stream, int32_t rows) { of(stream)->listener.inference_stride_rows = rows; }
const int8_t* kws_newest_row(const kws_stream* stream) { return of(stream)->listener.rows[0]; }
uint32_t kws_row_count(const kws_stream* stream) { return of(stream)->rows; }
const kws_point kws_default_point = {kAverageWindowDurationMs, kSuppressionMs, kMinimumCount, kSuppressEachWord, {@THRESHOLDS@}};
