// SPDX-License-Identifier: Apache-2.0
// Listens to a file of the computer that emulates the board, as fast as it goes, as the application listens
// to a microphone: a serial line would take longer than the sound lasts. It says what it hears, each minute
// the CRC of all scores so far, and "end" at the end.

#include "app/print.h"
#include "boards/common/semihosting.h"
#include "hal/hal.h"
#include "kws.h"
#include "protocol/crc32.h"

#define CHUNK_SAMPLES 512u

static kws_stream stream;
static uint8_t bytes[2 * CHUNK_SAMPLES];
static int16_t samples[CHUNK_SAMPLES];
static uint32_t inferences, scores_crc;

static void say(const char* what) {
    kws_print(what);
    kws_print(" ");
    kws_print_number(inferences);
    kws_print(" ");
    kws_print_number(scores_crc);
    kws_print("\n");
}

static int ended(const char* what) {
    say(what);
    kws_hal_stop();
    return 0;
}

static void listen(uint32_t count) {
    for (uint32_t taken = 0; taken < count;) {
        kws_event event;
        int32_t result;
        taken += kws_push(&stream, samples + taken, count - taken);
        while ((result = kws_poll(&stream, &event)) > 0) {
            inferences += 1;
            scores_crc = kws_crc32(scores_crc, kws_scores(&stream), KWS_LABEL_COUNT);
            if (event.is_new) kws_print_heard(kws_label(event.label), event.score, event.time_ms);
        }
        if (result < 0) ended("error");
    }
}

int main(void) {
    static const char path[] = STREAM_PATH;
    kws_hal_init();
    if (kws_init(&stream) != 0) return ended("error");
    kws_set_stride(&stream, STREAM_STRIDE_ROWS);
    for (uint32_t at = 0, next_minute = 0; at < STREAM_SAMPLES;) {
        const uint32_t left = STREAM_SAMPLES - at, count = left < CHUNK_SAMPLES ? left : CHUNK_SAMPLES;
        if (kws_semihosting_read(path, sizeof path - 1, 2 * at, bytes, 2 * count) != 0) return ended("error");
        for (uint32_t i = 0; i < count; ++i) samples[i] = (int16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
        listen(count);
        at += count;
        if (at < next_minute) continue;
        next_minute += 60u * KWS_SAMPLE_RATE_HZ;
        say("scores");
    }
    return ended("end");
}
