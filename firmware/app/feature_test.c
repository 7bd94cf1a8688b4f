// SPDX-License-Identifier: Apache-2.0
// Proves the model and the front end on the board, by the clips that codegen wrote down.
//
// Features to scores: bit for bit those of the TFLite-Micro interpreter. Audio to features: those
// of train/audio/frontend.py. The last line is the verdict, worded as in TensorFlow's micro_speech; a
// board that can end a program ends this one with the number of failures.

#include <stdint.h>
#include <string.h>

#include "audio_tests.h"
#include "feature_tests.h"
#include "frontend/frontend.h"
#include "hal.h"
#include "model/model.h"
#include "print.h"

// The contract of docs/adr/0009-integer-front-end.md: one value in 10,000, and by 1. A clip has
// fewer than 10,000.
#define ALLOWED_DIFFERENCES 1
#define ALLOWED_DIFFERENCE 1

static kws_model model;
static kws_frontend frontend;

static void print_signed(int32_t number) {
    if (number < 0) kws_print("-");
    kws_print_number((uint32_t)(number < 0 ? -number : number));
}

static void print_error(const char* what, int32_t error) {
    kws_print(what);
    kws_print(" returned ");
    print_signed(error);
    kws_print(" ");
    kws_print(kws_model_error(&model));
    kws_print("\n");
}

static void print_scores(const char* what, const int8_t* scores) {
    kws_print(what);
    for (int32_t i = 0; i < KWS_OUTPUT_COUNT; ++i) {
        kws_print(" ");
        print_signed(scores[i]);
    }
}

// Returns 1 where the scores are those of the interpreter.
static int passes_features(const FeatureTest* test) {
    kws_print("Testing features of ");
    kws_print(test->name);
    memcpy(kws_model_input(&model), test->features, KWS_INPUT_BYTES);
    const int32_t error = kws_model_invoke(&model);
    if (error) {
        kws_print(": failed, ");
        print_error("kws_model_invoke()", error);
        return 0;
    }
    const int8_t* const scores = kws_model_output(&model);
    const int is_equal = memcmp(scores, test->scores, sizeof test->scores) == 0;
    print_scores(is_equal ? ": passed, scores" : ": failed, scores", scores);
    if (!is_equal) print_scores(", expected", test->scores);
    kws_print("\n");
    return is_equal;
}

typedef struct comparison {
    int32_t differences;
    int32_t largest;
} comparison;

static void compare_row(comparison* result, const uint8_t* row, const int8_t* expected) {
    for (int32_t i = 0; i < kFeatureSliceSize; ++i) {
        const int32_t difference = row[i] + kInputZeroPoint - expected[i];
        const int32_t distance = difference < 0 ? -difference : difference;
        if (distance > 0) result->differences += 1;
        if (distance > result->largest) result->largest = distance;
    }
}

// Returns 1 where the front end computes the features that the model was trained on.
static int passes_audio(const AudioTest* test) {
    kws_print("Testing audio of ");
    kws_print(test->name);
    comparison result = {0};
    int32_t rows = 0;
    kws_frontend_reset(&frontend);
    for (uint32_t taken = 0; taken < (uint32_t)test->sample_count && rows < kFeatureSliceCount;) {
        uint8_t row[KWS_FEATURE_BINS];
        int row_ready;
        taken += kws_frontend_push(&frontend, test->samples + taken, (uint32_t)test->sample_count - taken,
                                   row, &row_ready);
        if (row_ready) compare_row(&result, row, test->features + rows++ * kFeatureSliceSize);
    }
    const int is_right = rows == kFeatureSliceCount && result.differences <= ALLOWED_DIFFERENCES &&
                         result.largest <= ALLOWED_DIFFERENCE;
    kws_print(is_right ? ": passed, " : ": failed, ");
    print_signed(rows);
    kws_print(" rows, ");
    print_signed(result.differences);
    kws_print(" values differ, by at most ");
    print_signed(result.largest);
    kws_print("\n");
    return is_right;
}

static int32_t passed_count(void) {
    int32_t passed = 0;
    for (int32_t i = 0; i < kFeatureTestCount; ++i) passed += passes_features(&g_feature_tests[i]);
    for (int32_t i = 0; i < kAudioTestCount; ++i) passed += passes_audio(&g_audio_tests[i]);
    return passed;
}

int main(void) {
    const int32_t count = kFeatureTestCount + kAudioTestCount;
    kws_hal_init();
    kws_print("earshot " KWS_BOARD_ID " ready\n");
    const int32_t error = kws_model_init(&model);
    if (error) print_error("kws_model_init()", error);
    const int32_t passed = error ? 0 : passed_count();
    print_signed(passed);
    kws_print("/");
    print_signed(count);
    kws_print(" tests passed\n");
    kws_print(passed == count ? "~~~ALL TESTS PASSED~~~\n" : "~~~SOME TESTS FAILED~~~\n");
    return count - passed;
}
