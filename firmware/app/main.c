// SPDX-License-Identifier: Apache-2.0
// The application: listens forever and says what it hears.

#include <stdint.h>

#include "hal.h"
#include "kws.h"
#include "listener/stream.h"
#include "print.h"

#define CHUNK_SAMPLES 256u
#define LIGHT_MS 1000u  // how long a detection stays visible

static kws_stream stream;
static int16_t samples[CHUNK_SAMPLES];
static uint32_t lit_since_ms;

// Returns what main() returns: a program that can end says with it that something went wrong.
static int failed(const char* what, int32_t error) {
    kws_print("earshot " KWS_BOARD_ID " failed: ");
    kws_print(what);
    kws_print(" returned -");
    kws_print_number((uint32_t)-error);
    kws_print(" ");
    kws_print(kws_model_error(&kws_state_of(&stream)->model));
    kws_print("\n");
    return 1;
}

static void introduce(void) {
    kws_print("earshot " KWS_BOARD_ID " ready\nlistening for");
    const char* separator = " ";
    for (int32_t label = KWS_FIRST_WORD; label < KWS_LABEL_COUNT; ++label) {
        kws_print(separator);
        kws_print(kws_label(label));
        separator = ", ";
    }
    kws_print("\n");
}

static void report(const kws_event* event) {
    if (!event->is_new) return;
    kws_print_heard(kws_label(event->label), event->score, event->time_ms);
    kws_hal_led(1);
    lit_since_ms = kws_hal_clock_ms();
}

// Returns 0, or the error of an inference.
static int32_t listen(uint32_t count) {
    int32_t result = 0;
    for (uint32_t taken = 0; taken < count && result >= 0;) {
        kws_event event;
        taken += kws_push(&stream, samples + taken, count - taken);
        while ((result = kws_poll(&stream, &event)) > 0) report(&event);
    }
    return result;
}

int main(void) {
    kws_hal_init();
    int32_t error = kws_init(&stream);
    if (error) return failed("kws_init()", error);
    introduce();
    while (!error) {
        const size_t count = kws_hal_audio_read(samples, CHUNK_SAMPLES);
        if (count == 0) kws_hal_idle();
        error = listen((uint32_t)count);
        if (kws_hal_clock_ms() - lit_since_ms > LIGHT_MS) kws_hal_led(0);
    }
    return failed("an inference", error);
}
