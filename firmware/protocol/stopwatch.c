// SPDX-License-Identifier: Apache-2.0
#include "stopwatch.h"

#include <string.h>

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
