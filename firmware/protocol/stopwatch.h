// SPDX-License-Identifier: Apache-2.0
// How long the engine, the front end and what a listener does for each of its windows take, over and over.
//
// Ticks are those of kws_probe_ticks(), 0 where the board counts none. None takes a time that depends on the
// data, but for a few steps of smoothing; what differs is interrupts.

#ifndef EARSHOT_STOPWATCH_H_
#define EARSHOT_STOPWATCH_H_

#include <stdint.h>

#include "frontend/frontend.h"
#include "listener/recognizer.h"
#include "model/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kws_extremes {
    uint32_t smallest, largest;  // ticks
} kws_extremes;

// Runs the model count times, at least once.
//
// returns       0, or the error of kws_model_invoke()
int32_t kws_time_inferences(kws_model* model, uint32_t count, kws_extremes* ticks);

// Does what a listener does every KWS_STRIDE_ROWS rows, count times, at least once: an inference, of what is
// new where the engine can, and the smoothing of its scores.
//
// recognizer    what it was doing is lost
// returns       as kws_time_inferences()
int32_t kws_time_windows(kws_model* model, kws_recognizer* recognizer, uint32_t count, kws_extremes* ticks);

// Computes count rows, each from a stride of samples, after a first one that takes a whole window.
//
// frontend      what it was doing is lost
void kws_time_rows(kws_frontend* frontend, uint32_t count, kws_extremes* ticks);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_STOPWATCH_H_
