// SPDX-License-Identifier: Apache-2.0
// Scores of single inferences in, decisions out: what turns a noisy score into one "Heard yes".
//
// The rules are those of RecognizeCommands in TensorFlow's micro_speech, as it is on the device (the one
// on the host differs), but for when a label is new again. There every label that exceeds its threshold,
// silence too, ends the suppression of the one before: with a short window, a pause within a word makes
// two detections of it. With suppress_each_word each word has a suppression of its own, which nothing
// ends but time, and silence is never new. All memory is the caller's.

#ifndef EARSHOT_RECOGNIZER_H_
#define EARSHOT_RECOGNIZER_H_

#include <stdint.h>

#include "kws.h"

#ifdef __cplusplus
extern "C" {
#endif

// Returned by kws_recognizer_update() when time runs backwards.
#define KWS_ERROR_TIME (-1)

#define KWS_SILENCE 0  // label

// State of one stream. Treat it as opaque; it is complete only so that callers can own it.
typedef struct kws_recognizer {
    kws_point point;
    uint32_t suppressed_ms[KWS_LABEL_COUNT];     // of each label: how long it is not new yet
    uint32_t times_ms[KWS_RECOGNIZER_CAPACITY];  // of each row of scores
    uint32_t newest_time_ms;                     // of the last result taken
    int32_t oldest;                              // row
    int32_t count;                               // rows in use
    int32_t previous_label;                      // of the last new detection; silence at first
    int32_t is_started;                          // 1 once there was a result
    int8_t scores[KWS_RECOGNIZER_CAPACITY * KWS_LABEL_COUNT];
} kws_recognizer;

typedef struct kws_detection {
    int32_t label;   // index of the label on top, or the previous one while there is no decision
    int32_t score;   // its mean score, 0 to 255; 0 while there is no decision
    int32_t is_new;  // 1 where it is to be reported
} kws_detection;

// Starts a stream. The operating point is recognizer->point, which may change at any time and stays.
void kws_recognizer_reset(kws_recognizer* recognizer);

// Takes in the scores of one inference and decides.
//
// scores        KWS_LABEL_COUNT of them, int8 with scale 1/256 and zero point -128
// time_ms       of this result; may wrap around
// returns       0, or KWS_ERROR_TIME where time_ms is before the last result's: then nothing
//               changes, *detection neither. (The original means this, but compares with the oldest.)
int32_t kws_recognizer_update(kws_recognizer* recognizer, const int8_t* scores, uint32_t time_ms,
                              kws_detection* detection);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_RECOGNIZER_H_
