// SPDX-License-Identifier: Apache-2.0
#include "clip_file.h"

#include "message.h"
#include "semihosting.h"

#define CHUNK_SAMPLES 512u
#define PATH_AT 17u  // behind four numbers and the length of the path

static uint8_t chunk[2 * CHUNK_SAMPLES];

int kws_clip_file(kws_transfer* transfer, const uint8_t* request, size_t request_bytes) {
    if (request_bytes < PATH_AT || request_bytes != PATH_AT + request[PATH_AT - 1]) return KWS_ERROR_LENGTH;
    const uint32_t id = kws_get_32(request), first_sample = kws_get_32(request + 4);
    const uint32_t sample_count = kws_get_32(request + 8), audio_crc = kws_get_32(request + 12);
    if (kws_transfer_begin_clip(transfer, id, sample_count, audio_crc) == KWS_TRANSFER_VALUE)
        return KWS_ERROR_VALUE;
    while (transfer->next_sample < sample_count) {
        const uint32_t at = transfer->next_sample, left = sample_count - at;
        const uint32_t count = left < CHUNK_SAMPLES ? left : CHUNK_SAMPLES;
        const int status = kws_semihosting_read((const char*)request + PATH_AT, request_bytes - PATH_AT,
                                                2 * (first_sample + at), chunk, 2 * count);
        if (status == KWS_SEMIHOSTING_ABSENT) return KWS_ERROR_UNKNOWN_TYPE;
        if (status < 0) return KWS_ERROR_NOT_THERE;
        kws_transfer_audio(transfer, id, at, chunk, count);
    }
    return 0;
}

const char* kws_clip_file_error(int code) {
    switch (code) {
        case KWS_ERROR_UNKNOWN_TYPE:
            return "this board cannot read files of the host";
        case KWS_ERROR_LENGTH:
            return "the path is longer or shorter than it says";
        case KWS_ERROR_VALUE:
            return "a clip must be as long as the model's input";
        default:
            return "no such file, or it ends before";
    }
}
