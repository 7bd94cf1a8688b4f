// SPDX-License-Identifier: Apache-2.0
// The application: listens forever and says what it hears.

#include <stdint.h>

#include "hal.h"
#include "listener/listener.h"
#include "model/model.h"
#include "print.h"

#define CHUNK_SAMPLES 256u
#define LIGHT_MS 1000u  // how long a detection stays visible

static kws_listener listener;
static int16_t samples[CHUNK_SAMPLES];
static uint32_t lit_since_ms;

// Returns what main() returns: a program that can end says with it that something went wrong.
static int failed(const char* what, int32_t error) {
    kws_print("earshot " KWS_BOARD_ID " failed: ");
    kws_print(what);
    kws_print(" returned -");
    kws_print_number((uint32_t)-error);
    kws_print(" ");
    kws_print(kws_model_error());
    kws_print("\n");
    return 1;
}

static void introduce(void) {
    kws_print("earshot " KWS_BOARD_ID " ready\nlistening for");
    const char* separator = " ";
    for (int32_t label = 0; label < kCategoryCount; ++label) {
        if (label == kSilenceIndex || label == kUnknownIndex) continue;
        kws_print(separator);
        kws_print(kCategoryLabels[label]);
        separator = ", ";
    }
    kws_print("\n");
}

// Silence is not worth a line: to the recognizer it is news each time.
static void report(const kws_event* event) {
    if (!event->detection.is_new || event->detection.label == kSilenceIndex) return;
    kws_print_heard(kCategoryLabels[event->detection.label], event->detection.score, event->time_ms);
    kws_hal_led(1);
    lit_since_ms = kws_hal_clock_ms();
}

// Returns 0, or the error of an inference.
static int32_t listen(size_t count) {
    for (size_t taken = 0; taken < count;) {
        kws_event event;
        taken += kws_listener_push(&listener, samples + taken, count - taken, &event);
        if (event.error) return event.error;
        if (event.has_result) report(&event);
    }
    return 0;
}

int main(void) {
    kws_hal_init();
    int32_t error = kws_model_init();
    if (error) return failed("kws_model_init()", error);
    kws_listener_init(&listener, KWS_INFERENCE_STRIDE_ROWS);
    introduce();
    while (!error) {
        const size_t count = kws_hal_audio_read(samples, CHUNK_SAMPLES);
        if (count == 0) kws_hal_idle();
        error = listen(count);
        if (kws_hal_clock_ms() - lit_since_ms > LIGHT_MS) kws_hal_led(0);
    }
    return failed("an inference", error);
}
