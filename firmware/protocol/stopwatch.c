// SPDX-License-Identifier: Apache-2.0
#include "stopwatch.h"

#include <string.h>

#include "kws.h"
#include "probe.h"

static const kws_extremes nothing_seen = {UINT32_MAX, 0};

static void see(kws_extremes* seen, uint32_t ticks) {
    if (ticks < seen->smallest) seen->smallest = ticks;
    if (ticks > seen->largest) seen->largest = ticks;
}

int32_t kws_time_inferences(kws_model* model, uint32_t count, kws_extremes* ticks) {
    *ticks = nothing_seen;
    for (uint32_t i = 0; i < count; ++i) {
        memset(kws_model_input(model), 0, KWS_INPUT_BYTES);
        const uint32_t start = kws_probe_ticks();
        const int32_t error = kws_model_invoke(model);
        if (error) return error;
        see(ticks, kws_probe_ticks() - start);
    }
    return 0;
}

static int32_t infer_next(kws_model* model) {
#if KWS_NEXT_ROWS && KWS_NEXT_ROWS == KWS_STRIDE_ROWS
    return kws_model_invoke_next(model);
#else
    return kws_model_invoke(model);
#endif
}

int32_t kws_time_windows(kws_model* model, kws_recognizer* recognizer, uint32_t count, kws_extremes* ticks) {
    *ticks = nothing_seen;
    kws_recognizer_reset(recognizer);
    for (uint32_t i = 0; i < count; ++i) {
        memset(kws_model_input(model), 0, KWS_INPUT_BYTES);
        kws_detection detection;
        const uint32_t time_ms = i * (KWS_STRIDE_ROWS * KWS_STRIDE_SAMPLES * 1000u / KWS_SAMPLE_RATE_HZ);
        const uint32_t start = kws_probe_ticks();
        int32_t error = infer_next(model);
        if (!error) error = kws_recognizer_update(recognizer, kws_model_output(model), time_ms, &detection);
        if (error) return error;
        see(ticks, kws_probe_ticks() - start);
    }
    return 0;
}

void kws_time_rows(kws_frontend* frontend, uint32_t count, kws_extremes* ticks) {
    static const int16_t silence[KWS_STRIDE_SAMPLES];
    *ticks = nothing_seen;
    kws_frontend_reset(frontend);
    for (uint32_t rows = 0; rows <= count;) {
        uint8_t row[KWS_FEATURE_BINS];
        int row_ready;
        const uint32_t start = kws_probe_ticks();
        kws_frontend_push(frontend, silence, KWS_STRIDE_SAMPLES, row, &row_ready);
        if (row_ready && rows > 0) see(ticks, kws_probe_ticks() - start);
        if (row_ready) rows += 1;
    }
}
