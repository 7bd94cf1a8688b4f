// SPDX-License-Identifier: CC0-1.0
#ifndef EARSHOT_KWS_H_
#define EARSHOT_KWS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_VERSION "@VERSION@"
#define KWS_SAMPLE_RATE_HZ 16000
#define KWS_LABEL_COUNT @LABELS@
#define KWS_STRIDE_ROWS 5
#define KWS_BUFFER_SAMPLES 2048
#define KWS_STREAM_BYTES 24576

typedef struct kws_stream {
    uint64_t memory[KWS_STREAM_BYTES / 8];
} kws_stream;

typedef struct kws_event {
    uint32_t time_ms;
    int32_t label;
    int32_t score;
    int32_t is_new;
} kws_event;

typedef struct kws_point {
    uint32_t window_ms, suppression_ms;
    int32_t minimum_count, suppress_each_word;
    uint8_t thresholds[KWS_LABEL_COUNT];
} kws_point;

extern const kws_point kws_default_point;

int32_t kws_init(kws_stream* stream);
void kws_reset(kws_stream* stream);
uint32_t kws_push(kws_stream* stream, const int16_t* samples, uint32_t sample_count);
int32_t kws_poll(kws_stream* stream, kws_event* event);
const int8_t* kws_scores(const kws_stream* stream);
const char* kws_label(int32_t label);
const char* kws_version(void);
const char* kws_error_text(int32_t error);
void kws_set_point(kws_stream* stream, const kws_point* point);
void kws_set_stride(kws_stream* stream, int32_t rows);
const int8_t* kws_newest_row(const kws_stream* stream);
uint32_t kws_row_count(const kws_stream* stream);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_KWS_H_
