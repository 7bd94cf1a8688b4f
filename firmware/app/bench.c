// SPDX-License-Identifier: Apache-2.0
// Measures engine and front end on a board; hil/bench/program.py reads what it says. With KWS_PROFILE it
// measures single operators, and needs no front end.
//
// Nothing is sent before all is measured, since the serial line would interrupt. Then come lines
// of a name and numbers. Ticks are those of kws_probe_ticks(), and include what it takes to read
// them (`empty`) or, around operators, what the hook takes (`hook`).

#include <string.h>

#include "hal.h"
#include "model/model.h"
#if KWS_NEXT_ROWS || !defined(KWS_PROFILE)
#include "frontend/frontend.h"
#endif
#include "model/profile.h"
#include "print.h"
#include "probe.h"

#define LOOP_INSTRUCTIONS 2000000u
#define CHECK_INSTRUCTIONS 200000u
#define INFERENCES 4u
#ifndef KWS_BENCH_WINDOWS
#define KWS_BENCH_WINDOWS 4
#endif
#if KWS_NEXT_ROWS
#define HAS_WINDOWS 1
#else
#define HAS_WINDOWS 0
#endif
#define WINDOWS ((size_t)KWS_BENCH_WINDOWS)  // of a stream, once the engine knows what they share with others
#define ROWS 50u
#define OPERATORS 256u  // no more than that are told apart
#define NOISE_SEED 1u

// Whether an end of the model has this type in its file. In place of others that are not int8, the compiled
// engine has the int8 behind them.
#define IS_uint8 1
#define IS_UINT8(index, suffix, type, count) IS_##type
#define INPUT_IS_UINT8 (KWS_MODEL_INPUTS(IS_UINT8))
#define OUTPUT_IS_UINT8 (KWS_MODEL_OUTPUTS(IS_UINT8))

static uint32_t inference_ticks[INFERENCES];
static uint8_t scores[INFERENCES][KWS_OUTPUT_COUNT];  // of int8 with the top bit flipped: 0 is -128
#if HAS_WINDOWS
static int8_t window[KWS_FEATURE_FRAMES * KWS_FEATURE_BINS];
static uint32_t window_ticks[WINDOWS];
static uint8_t window_scores[WINDOWS][KWS_OUTPUT_COUNT];
#endif
typedef struct op_times {
    uint32_t ticks[OPERATORS];  // of all inferences
    uint32_t count;
} op_times;

static op_times of_inferences;
#if HAS_WINDOWS
static op_times of_windows;  // the first are the moves of what is kept
#endif
static op_times* ops = &of_inferences;
static uint32_t op_start;
#ifdef KWS_ENGINE_TFLM
#define ARENA_ROOM_BYTES KWS_TFLM_ARENA_BYTES
#else
#define ARENA_ROOM_BYTES KWS_MODEL_BYTES
#endif
#ifdef KWS_NO_ENGINE
static kws_model* const model = 0;  // only how large the program is counts
#else
static kws_model memory;
static kws_model* const model = &memory;
#endif
#ifndef KWS_PROFILE
static uint32_t row_ticks[ROWS];
static uint8_t row[KWS_FEATURE_BINS];
static kws_frontend frontend;
static int16_t samples[KWS_WINDOW_SAMPLES + KWS_STRIDE_SAMPLES];  // either fits
static uint32_t sample_count;
#endif

// Marsaglia's 32-bit xorshift: Python makes the same numbers.
static uint32_t noise_state;

static uint32_t noise(void) {
    noise_state ^= noise_state << 13;
    noise_state ^= noise_state >> 17;
    noise_state ^= noise_state << 5;
    return noise_state;
}

static uint32_t loop_ticks(uint32_t instructions) {
    const uint32_t start = kws_probe_ticks();
    kws_probe_loop(instructions);
    return kws_probe_ticks() - start;
}

static uint32_t empty_ticks(void) {
    const uint32_t start = kws_probe_ticks();
    return kws_probe_ticks() - start;
}

// Only an engine that was compiled with KWS_PROFILE calls it.
void kws_profile_op(int32_t index) {
    const uint32_t ticks = kws_probe_ticks() - op_start;
    if ((uint32_t)index < OPERATORS) {
        ops->ticks[index] += ticks;
        ops->count = (uint32_t)index + 1;
    }
    op_start = kws_probe_ticks();
}

// What kws_profile_op() counts where nothing happens between two calls.
static uint32_t hook_ticks(void) {
    kws_profile_op(0);
    ops->ticks[0] = 0;
    kws_profile_op(0);
    return ops->ticks[0];
}

// Loud noise drives scores to their limits, where mistakes do not show: each input is quieter than the
// one before, by a factor of four, from half the range of int8 to its two lowest values.
static void fill_input(size_t inference) {
#if INPUT_IS_UINT8
    static uint8_t input[KWS_INPUT_BYTES];
    const uint32_t least = 0;
#else
    uint8_t* const input = (uint8_t*)kws_model_input(model);
    const uint32_t least = 0x80;  // -128
#endif
    for (size_t i = 0; i < KWS_INPUT_BYTES; ++i) {
        const uint32_t loudness = (noise() >> 24) >> (2 * inference + 1);
        input[i] = (uint8_t)(loudness + least);
    }
#if INPUT_IS_UINT8
    kws_model_set_input(model, input);
#endif
}

static void read_scores(uint8_t* found) {
#if OUTPUT_IS_UINT8
    kws_model_get_output(model, found);
#else
    const int8_t* output = kws_model_output(model);
    for (size_t i = 0; i < KWS_OUTPUT_COUNT; ++i) found[i] = (uint8_t)(output[i] + 128);
#endif
}

static int time_inferences(void) {
    noise_state = NOISE_SEED;
    memset(ops, 0, sizeof *ops);  // what came before was not an inference to be timed
    for (size_t i = 0; i < INFERENCES; ++i) {
        fill_input(i);
        op_start = kws_probe_ticks();
        const uint32_t start = kws_probe_ticks();
        const int status = kws_model_invoke(model);
        inference_ticks[i] = kws_probe_ticks() - start;
        if (status != 0) return status;
        read_scores(scores[i]);
    }
    return 0;
}

#if HAS_WINDOWS
// Rows of noise, by which the windows of a stream move.
static int time_windows(void) {
    const size_t early = (KWS_FEATURE_FRAMES - 1) / KWS_NEXT_ROWS, moved = KWS_NEXT_ROWS * KWS_FEATURE_BINS;
    noise_state = NOISE_SEED;
    ops = &of_windows;
    for (size_t i = 0; i < early + 1 + WINDOWS; ++i) {
        memmove(window, window + moved, sizeof window - moved);
        for (size_t j = sizeof window - moved; j < sizeof window; ++j)
            window[j] = (int8_t)((int32_t)(noise() >> 25) - 128);
        memcpy(kws_model_input(model), window, sizeof window);
        op_start = kws_probe_ticks();
        const uint32_t start = kws_probe_ticks();
        const int status = kws_model_invoke_next(model);
        const uint32_t ticks = kws_probe_ticks() - start;
        if (status != 0) return status;
        if (i <= early) {
            memset(ops, 0, sizeof *ops);
            continue;
        }
        const size_t n = i - early - 1;
        window_ticks[n] = ticks;
        read_scores(window_scores[n]);
    }
    return 0;
}
#endif

#ifndef KWS_PROFILE
static int infer(void) { return kws_model_invoke(model); }

static int push(void) {
    int row_ready;
    kws_frontend_push(&frontend, samples, sample_count, row, &row_ready);
    return row_ready ? 0 : -1;
}

// The first row takes a whole window, each of the others what is new since the one before.
static int time_rows(void) {
    noise_state = NOISE_SEED;
    kws_frontend_reset(&frontend);
    sample_count = KWS_WINDOW_SAMPLES;
    for (size_t i = 0; i < ROWS; ++i) {
        for (size_t j = 0; j < sample_count; ++j) samples[j] = (int16_t)((int16_t)(noise() >> 16) / 2);
        const uint32_t start = kws_probe_ticks();
        const int status = push();
        row_ticks[i] = kws_probe_ticks() - start;
        if (status != 0) return status;
        sample_count = KWS_STRIDE_SAMPLES;
    }
    return 0;
}
#endif

static void report(const char* name, const uint32_t* values, size_t count) {
    kws_print(name);
    for (size_t i = 0; i < count; ++i) {
        kws_print(" ");
        kws_print_number(values[i]);
    }
    kws_print("\n");
}

static void report_bytes(const char* name, const uint8_t* bytes, size_t count) {
    kws_print(name);
    for (size_t i = 0; i < count; ++i) {
        kws_print(" ");
        kws_print_number(bytes[i]);
    }
    kws_print("\n");
}

static void report_one(const char* name, uint32_t value) { report(name, &value, 1); }

static void stop_if(int status, const char* mistake) {
    if (status == 0) return;
    kws_print("failed: ");
    kws_print(mistake);
    kws_print("\n");
    kws_hal_stop();
}

int main(void) {
    kws_hal_init();
    kws_probe_start();
    const uint32_t loop = loop_ticks(LOOP_INSTRUCTIONS), check = loop_ticks(CHECK_INSTRUCTIONS);
    const uint32_t empty = empty_ticks(), hook = hook_ticks();
    stop_if(kws_model_init(model), kws_model_error(model));
    stop_if(time_inferences(), kws_model_error(model));
#if HAS_WINDOWS
    stop_if(time_windows(), kws_model_error(model));
#endif
#ifndef KWS_PROFILE
    const uint32_t inference_stack = kws_probe_stack_bytes(infer);  // last: the model may keep what it heard
    sample_count = KWS_WINDOW_SAMPLES;
    const uint32_t row_stack = kws_probe_stack_bytes(push);
    stop_if(time_rows(), "the front end makes no row");
#endif

    kws_print("bench " KWS_BOARD_ID "\n");
    report_one("loop", loop);
    report_one("check", check);
    report_one("empty", empty);
    report_one("hook", hook);
    report("inferences", inference_ticks, INFERENCES);
    for (size_t i = 0; i < INFERENCES; ++i) report_bytes("scores", scores[i], KWS_OUTPUT_COUNT);
#if HAS_WINDOWS
    report("windows", window_ticks, WINDOWS);
    for (size_t i = 0; i < WINDOWS; ++i) report_bytes("window_scores", window_scores[i], KWS_OUTPUT_COUNT);
#endif
#ifdef KWS_PROFILE
    report("operators", of_inferences.ticks, of_inferences.count);
#if HAS_WINDOWS
    report("window_operators", of_windows.ticks, of_windows.count);
#endif
    const char* form;
    for (int32_t i = 0; (form = kws_profile_tile(i)) != 0; ++i) {
        kws_print("tile ");
        kws_print(form);
        kws_print("\n");
    }
#else
    report("rows", row_ticks, ROWS);
    report_bytes("row", row, KWS_FEATURE_BINS);  // the last
    report_one("inference_stack", inference_stack);
    report_one("row_stack", row_stack);
#endif
    report_one("arena", kws_model_arena_bytes(model));
    report_one("arena_room", ARENA_ROOM_BYTES);
    kws_print("end\n");
    kws_hal_stop();
}
