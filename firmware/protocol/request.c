// SPDX-License-Identifier: Apache-2.0
#include "request.h"

typedef struct request_form {
    uint8_t type;
    uint8_t needs_model;
    uint16_t payload_min_bytes, payload_max_bytes;
} request_form;

static const request_form forms[] = {
    {KWS_REQUEST_INFO, 0, 0, 0},
    {KWS_REQUEST_LABELS, 0, 1, 1},
    {KWS_REQUEST_STATUS, 0, 0, 0},
    {KWS_REQUEST_CLIP_BEGIN, 1, 12, 12},
    {KWS_REQUEST_AUDIO, 1, KWS_AUDIO_HEADER_BYTES, KWS_FRAME_PAYLOAD_BYTES},
    {KWS_REQUEST_RESULT, 1, 4, 4},
    {KWS_REQUEST_FEATURES, 1, 8, 8},
    {KWS_REQUEST_STREAM_BEGIN, 1, 5, 5},
    {KWS_REQUEST_STREAM_RESULT, 1, 8, 8},
    {KWS_REQUEST_DETECTION, 1, 8, 8},
    {KWS_REQUEST_BENCH, 1, 2, 2},
    {KWS_REQUEST_RESET, 0, 0, 0},
    {KWS_REQUEST_CLIP_FILE, 1, 17, 17 + 255},
    {KWS_REQUEST_RECORD, 0, 8, 8},
    {KWS_REQUEST_LINE, 0, 0, 4 * KWS_RATES_MAX},
    {KWS_REQUEST_RATE, 0, 8, 8},
    {KWS_REQUEST_CHECK, 0, 1, KWS_FRAME_PAYLOAD_BYTES},
    {KWS_REQUEST_LISTEN, 1, 8, 8},
    {KWS_REQUEST_AUDIO_PACKED, 1, KWS_AUDIO_HEADER_BYTES + 2, KWS_FRAME_PAYLOAD_BYTES},
};

enum kws_request_state kws_request_look(const kws_frame* request) {
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; ++i) {
        const request_form* const form = &forms[i];
        if (form->type != request->type) continue;
        if (request->payload_bytes < form->payload_min_bytes ||
            request->payload_bytes > form->payload_max_bytes)
            return KWS_REQUEST_WRONG_LENGTH;
        return form->needs_model ? KWS_REQUEST_NEEDS_MODEL : KWS_REQUEST_IN_FORM;
    }
    return KWS_REQUEST_UNKNOWN;
}
