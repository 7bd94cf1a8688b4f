// SPDX-License-Identifier: Apache-2.0
// What a page calls: kws.h for a caller that owns no memory which the C can see. One stream, one page.

#include "kws.h"

#define PAGE_SAMPLES 4096u  // of kws_page_samples()

static kws_stream stream;
static kws_event event;
static kws_point point;
static int16_t samples[PAGE_SAMPLES];

int32_t kws_page_init(int32_t stride_rows) {
    const int32_t error = kws_init(&stream);
    if (!error) kws_set_stride(&stream, stride_rows);
    return error;
}

// Where the page writes samples, before it pushes sample_count of them.
int16_t* kws_page_samples(void) { return samples; }
uint32_t kws_page_push(uint32_t sample_count) { return kws_push(&stream, samples, sample_count); }

// As kws_poll(); the event is four 32-bit numbers in the order of kws_event.
int32_t kws_page_poll(void) { return kws_poll(&stream, &event); }
const kws_event* kws_page_event(void) { return &event; }

// Where the page writes thresholds, before it changes the operating point.
uint8_t* kws_page_thresholds(void) { return point.thresholds; }

void kws_page_set_point(uint32_t window_ms, uint32_t suppression_ms, int32_t minimum_count,
                        int32_t suppress_each_word) {
    point.window_ms = window_ms;
    point.suppression_ms = suppression_ms;
    point.minimum_count = minimum_count;
    point.suppress_each_word = suppress_each_word;
    kws_set_point(&stream, &point);
}

const int8_t* kws_page_scores(void) { return kws_scores(&stream); }
const int8_t* kws_page_row(void) { return kws_newest_row(&stream); }
uint32_t kws_page_row_count(void) { return kws_row_count(&stream); }
