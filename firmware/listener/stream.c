// SPDX-License-Identifier: Apache-2.0
// The functions of kws.h: samples in, decisions out. Front end, model and recognizer as one stream.
//
// Results depend on the samples alone, not on the pieces they come in nor on the clock, so that the same
// audio gives the same results anywhere.

#include "listener/stream.h"

#include <string.h>

#include "../compiler.h"
#include "listener/labels.h"

#define READY 0x4B575321u  // no likely content of memory that nobody has initialized

// kws_push() and kws_poll() may interrupt each other: each publishes its counter when it is done with the
// samples before it, and looks at the other's before it touches those behind it.
#if KWS_GNU
#define LOAD(counter) __atomic_load_n(&(counter), __ATOMIC_ACQUIRE)
#define STORE(counter, value) __atomic_store_n(&(counter), value, __ATOMIC_RELEASE)
#else  // on one core, where the compiler leaves the order of accesses to volatile objects as it is
#define LOAD(counter) (*(const volatile uint32_t*)&(counter))
#define STORE(counter, value) (*(volatile uint32_t*)&(counter) = (value))
#endif

KWS_STATIC_ASSERT(sizeof(kws_state) <= sizeof(kws_stream), "KWS_STREAM_BYTES is too little for the state");
KWS_STATIC_ASSERT((KWS_BUFFER_SAMPLES & (KWS_BUFFER_SAMPLES - 1)) == 0,
                  "KWS_BUFFER_SAMPLES is no power of two");

static const kws_state* state_of(const kws_stream* stream) { return (const kws_state*)stream->memory; }

// When no row was heard yet. An engine that computes only what is new also runs before the first window is
// full, so that it knows that window's rows by then.
static void await_first_window(kws_state* state) {
    state->missing_rows = KWS_FEATURE_FRAMES;
    state->is_following = state->stride_rows == KWS_NEXT_ROWS;
    state->rows_until_inference = KWS_FEATURE_FRAMES;
    if (state->is_following) state->rows_until_inference = (KWS_FEATURE_FRAMES - 1) % state->stride_rows + 1;
}

// All but the model: no sample was heard yet.
static void begin(kws_state* state) {
    kws_frontend_reset(&state->frontend);
    kws_recognizer_reset(&state->recognizer);
    memset(state->scores, KWS_OUTPUT_ZERO_POINT, sizeof state->scores);
    state->sample_count = 0;
    state->row_count = 0;
    state->next_row = 0;
    await_first_window(state);
    STORE(state->read, 0u);
    STORE(state->written, 0u);
}

int32_t kws_init(kws_stream* stream) {
    kws_state* const state = kws_state_of(stream);
    state->is_ready = 0;
    const int32_t error = kws_model_init(&state->model);
    if (error) return error;
    state->recognizer.point = kws_default_point;
    state->stride_rows = KWS_STRIDE_ROWS;
    begin(state);
    state->is_ready = READY;
    return 0;
}

void kws_reset(kws_stream* stream) {
    kws_state* const state = kws_state_of(stream);
    if (state->is_ready != READY) return;
    (void)kws_model_init(&state->model);  // it forgets; that it can begin, kws_init() has seen
    begin(state);
}

void kws_set_point(kws_stream* stream, const kws_point* point) {
    kws_state_of(stream)->recognizer.point = *point;
}

void kws_set_stride(kws_stream* stream, int32_t rows) {
    kws_state* const state = kws_state_of(stream);
    state->stride_rows = rows > 1 ? rows : 1;
    if (state->missing_rows == KWS_FEATURE_FRAMES) {
        await_first_window(state);
        return;
    }
    state->is_following = 0;
    state->rows_until_inference = state->missing_rows ? state->missing_rows : state->stride_rows;
}

uint32_t kws_push(kws_stream* stream, const int16_t* samples, uint32_t sample_count) {
    kws_state* const state = kws_state_of(stream);
    if (state->is_ready != READY) return 0;
    const uint32_t written = state->written;
    const uint32_t room = KWS_BUFFER_SAMPLES - (written - LOAD(state->read));
    const uint32_t count = sample_count < room ? sample_count : room;
    const uint32_t place = written % KWS_BUFFER_SAMPLES;
    const uint32_t to_end = KWS_BUFFER_SAMPLES - place, first = count < to_end ? count : to_end;
    memcpy(state->waiting + place, samples, first * sizeof samples[0]);
    memcpy(state->waiting, samples + first, (count - first) * sizeof samples[0]);
    STORE(state->written, written + count);
    return count;
}

static void keep_row(kws_state* state, const uint8_t row[KWS_FEATURE_BINS]) {
    int8_t* const kept = state->rows[state->next_row];
    for (int32_t i = 0; i < KWS_FEATURE_BINS; ++i) kept[i] = (int8_t)(row[i] + KWS_INPUT_ZERO_POINT);
    state->next_row = (state->next_row + 1) % KWS_FEATURE_FRAMES;
    state->row_count += 1;
    if (state->missing_rows) state->missing_rows -= 1;
}

// Oldest row first.
static void write_model_input(kws_state* state) {
    int8_t* const input = kws_model_input(&state->model);
    const uint32_t next = (uint32_t)state->next_row * KWS_FEATURE_BINS, all = sizeof state->rows;
    memcpy(input, state->rows[0] + next, all - next);
    memcpy(input + (all - next), state->rows[0], next);
}

#if KWS_NEXT_ROWS
// The windows before this one, as far as they share rows with it; what is older is nothing to it.
static int32_t follow(kws_state* state) {
    for (uint32_t rows = (KWS_FEATURE_FRAMES - 1) / KWS_NEXT_ROWS * KWS_NEXT_ROWS; rows;
         rows -= KWS_NEXT_ROWS) {
        int8_t* const input = kws_model_input(&state->model);
        write_model_input(state);
        memmove(input + rows * KWS_FEATURE_BINS, input, (KWS_FEATURE_FRAMES - rows) * KWS_FEATURE_BINS);
        const int32_t error = kws_model_invoke_next(&state->model);
        if (error) return error;
    }
    return 0;
}

static int32_t invoke(kws_state* state) {
    if (state->stride_rows != KWS_NEXT_ROWS) {
        write_model_input(state);
        return kws_model_invoke(&state->model);
    }
    if (!state->is_following) {
        const int32_t error = follow(state);
        if (error) return error;
        state->is_following = 1;
    }
    write_model_input(state);
    return kws_model_invoke_next(&state->model);
}
#else
static int32_t invoke(kws_state* state) {
    write_model_input(state);
    return kws_model_invoke(&state->model);
}
#endif

static int32_t infer(kws_state* state, kws_event* event) {
    int32_t error = invoke(state);
    if (error) return error;
    memcpy(state->scores, kws_model_output(&state->model), sizeof state->scores);
    kws_detection detection;
    event->time_ms = (uint32_t)(state->sample_count * 1000u / KWS_SAMPLE_RATE_HZ);
    error = kws_recognizer_update(&state->recognizer, state->scores, event->time_ms, &detection);
    if (error) return error;
    event->label = detection.label;
    event->score = detection.score;
    event->is_new = detection.is_new && detection.label != KWS_SILENCE;
    return 1;
}

// Takes samples of the buffer, at most up to the next row; 1 where there is one.
static int32_t next_row(kws_state* state) {
    const uint32_t read = state->read, place = read % KWS_BUFFER_SAMPLES;
    const uint32_t waiting = LOAD(state->written) - read, to_end = KWS_BUFFER_SAMPLES - place;
    uint8_t row[KWS_FEATURE_BINS];
    int row_ready = 0;
    const uint32_t taken = kws_frontend_push(&state->frontend, state->waiting + place,
                                             waiting < to_end ? waiting : to_end, row, &row_ready);
    state->sample_count += taken;
    STORE(state->read, read + taken);
    if (row_ready) keep_row(state, row);
    return row_ready;
}

int32_t kws_poll(kws_stream* stream, kws_event* event) {
    kws_state* const state = kws_state_of(stream);
    if (state->is_ready != READY) return KWS_ERROR_NOT_READY;
    while (LOAD(state->written) != state->read) {
        if (!next_row(state)) continue;
        state->rows_until_inference -= 1;
        if (state->rows_until_inference > 0) continue;
        state->rows_until_inference = state->stride_rows;
        if (!state->missing_rows) return infer(state, event);
        const int32_t error = invoke(state);
        if (error) return error;
    }
    return 0;
}

const int8_t* kws_scores(const kws_stream* stream) { return state_of(stream)->scores; }

const int8_t* kws_newest_row(const kws_stream* stream) {
    const kws_state* const state = state_of(stream);
    return state->rows[(state->next_row + KWS_FEATURE_FRAMES - 1) % KWS_FEATURE_FRAMES];
}

uint32_t kws_row_count(const kws_stream* stream) { return state_of(stream)->row_count; }

const char* kws_label(int32_t label) {
    return label >= 0 && label < KWS_LABEL_COUNT ? kws_labels[label] : "";
}

const char* kws_version(void) { return KWS_VERSION; }

const char* kws_error_text(int32_t error) {
    switch (error) {
        case 0:
            return "no error";
        case KWS_MODEL_SCHEMA:
            return "the model is no .tflite, or one of another version";
        case KWS_MODEL_OPERATOR:
            return "the model has an operator that is not registered";
        case KWS_MODEL_ARENA:
            return "the tensor arena is too small";
        case KWS_MODEL_PREPARE:
            return "an operator refuses the tensors it is given";
        case KWS_MODEL_TENSORS:
            return "the model has other inputs or outputs than this code";
        case KWS_MODEL_INVOKE:
            return "an inference failed";
        case KWS_ERROR_NOT_READY:
            return "kws_init() has not succeeded";
        default:
            return "no such error";
    }
}
