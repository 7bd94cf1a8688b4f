// SPDX-License-Identifier: Apache-2.0
// One stream in a library: what a Python process and a browser's page call.
//
// It is the listener of every board, with the operating point as something that can be changed while it
// listens. A library holds one stream, as its engine has one arena; several streams load it several times.

#ifndef EARSHOT_APP_LIVE_H_
#define EARSHOT_APP_LIVE_H_

#include <stddef.h>
#include <stdint.h>

#include "listener/listener.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_LIVE_SAMPLES 4096  // of kws_live_samples()

// Starts the stream: the next sample is its first, and the operating point is the generated one.
//
// returns       0, or a number of kws_model_failure
int32_t kws_live_init(int32_t inference_stride_rows);

// Takes in samples, at most up to the next inference.
//
// event         what they led to; six 32-bit numbers in the order of kws_event: has_result, error, time_ms,
//               label, score, is_new
// returns       how many samples were taken; call again with the rest
size_t kws_live_push(const int16_t* samples, size_t sample_count, kws_event* event);

// Changes when scores become a detection, from the next inference on. As for kws_recognizer_settings;
// thresholds has kCategoryCount numbers and is copied.
void kws_live_set_point(uint32_t window_ms, uint32_t suppression_ms, int32_t minimum_count,
                        int32_t suppress_each_word, const uint8_t* thresholds);

// Scores of the last inference, kCategoryCount of them, int8 as the model gives them.
const int8_t* kws_live_scores(void);

// The newest row of features, KWS_FEATURE_BINS of them, int8 as the model takes them.
const int8_t* kws_live_row(void);

// Rows of features since the start.
uint32_t kws_live_row_count(void);

// For callers that cannot own memory the library sees: room for KWS_LIVE_SAMPLES samples, an event, and
// kCategoryCount thresholds.
int16_t* kws_live_samples(void);
kws_event* kws_live_event(void);
uint8_t* kws_live_thresholds(void);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_APP_LIVE_H_
