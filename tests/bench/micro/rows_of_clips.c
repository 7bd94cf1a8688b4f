// SPDX-License-Identifier: Apache-2.0
// Rows of clips of 16,000 samples: clips.bin to rows.bin, for an emulated core with the DSP extension.

#include <stdio.h>

#include "frontend/frontend.h"

#define CLIP_SAMPLES 16000

int main(void) {
    static kws_frontend frontend;
    static int16_t samples[CLIP_SAMPLES];
    uint8_t row[KWS_FEATURE_BINS];
    FILE* const clips = fopen("clips.bin", "rb");
    FILE* const rows = fopen("rows.bin", "wb");
    if (clips == NULL || rows == NULL) return 1;
    while (fread(samples, sizeof samples[0], CLIP_SAMPLES, clips) == CLIP_SAMPLES) {
        kws_frontend_reset(&frontend);
        for (uint32_t taken = 0; taken < CLIP_SAMPLES;) {
            int is_ready;
            taken += kws_frontend_push(&frontend, samples + taken, CLIP_SAMPLES - taken, row, &is_ready);
            if (is_ready && fwrite(row, 1, sizeof row, rows) != sizeof row) return 2;
        }
    }
    return fclose(rows) != 0;
}
