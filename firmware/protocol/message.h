// SPDX-License-Identifier: Apache-2.0
// What frames say: types, codes, and payloads put together and taken apart. docs/PROTOCOL.md has the layouts;
// hil/protocol/messages.py is the other end.

#ifndef EARSHOT_MESSAGE_H_
#define EARSHOT_MESSAGE_H_

#include <stddef.h>
#include <stdint.h>

#include "frame.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_PROTOCOL_VERSION 1
#define KWS_UNASKED 0  // sequence of what answers no request

enum kws_request_type {
    KWS_REQUEST_INFO = 0x01,
    KWS_REQUEST_LABELS = 0x02,
    KWS_REQUEST_STATUS = 0x03,
    KWS_REQUEST_CLIP_BEGIN = 0x04,
    KWS_REQUEST_AUDIO = 0x05,
    KWS_REQUEST_RESULT = 0x06,
    KWS_REQUEST_FEATURES = 0x07,
    KWS_REQUEST_STREAM_BEGIN = 0x08,
    KWS_REQUEST_STREAM_RESULT = 0x0B,
    KWS_REQUEST_DETECTION = 0x0C,
    KWS_REQUEST_BENCH = 0x0E,
    KWS_REQUEST_RESET = 0x0F,
    KWS_REQUEST_CLIP_FILE = 0x1D,  // below 0x10, no number is left
    KWS_REQUEST_RECORD = 0x1E,
    // From here on, numbers that answers have, too.
    KWS_REQUEST_LINE = 0x10,
    KWS_REQUEST_RATE = 0x11,
    KWS_REQUEST_CHECK = 0x12,
    KWS_REQUEST_AUDIO_PACKED = 0x13,
    KWS_REQUEST_LISTEN = 0x14,
};

enum kws_reply_type {
    KWS_REPLY_HELLO = 0x10,
    KWS_REPLY_INFO = 0x11,
    KWS_REPLY_LABELS = 0x12,
    KWS_REPLY_STATUS = 0x13,
    KWS_REPLY_ACK = 0x14,
    KWS_REPLY_RESULT = 0x15,
    KWS_REPLY_FEATURES = 0x16,
    KWS_REPLY_STREAM_RESULT = 0x17,
    KWS_REPLY_DETECTION = 0x18,
    KWS_REPLY_BENCH = 0x19,
    KWS_REPLY_ERROR = 0x1A,
    KWS_REPLY_LOG = 0x1C,
    KWS_REPLY_RECORDED = 0x1F,  // the last number that a frame can have
    // From here on, numbers that requests have, too.
    KWS_REPLY_LINE = 0x01,
    KWS_REPLY_RATE = 0x02,
    KWS_REPLY_CHECK = 0x03,
    KWS_REPLY_LISTENED = 0x04,
};

enum kws_error_code {
    KWS_ERROR_UNKNOWN_TYPE = 1,
    KWS_ERROR_LENGTH = 2,
    KWS_ERROR_VALUE = 3,
    KWS_ERROR_NOT_THERE = 4,
    KWS_ERROR_ENGINE = 5,
    KWS_ERROR_NOT_SUPPORTED = 6,
};

// A payload that is being put together.
typedef struct kws_payload {
    uint8_t bytes[KWS_FRAME_PAYLOAD_BYTES];
    size_t count;
} kws_payload;

// Append, low byte first. What finds no room is left out; callers that could need more ask for the room.
void kws_put_8(kws_payload* payload, uint8_t value);
void kws_put_16(kws_payload* payload, uint16_t value);
void kws_put_32(kws_payload* payload, uint32_t value);
void kws_put_bytes(kws_payload* payload, const void* bytes, size_t count);
void kws_put_text(kws_payload* payload, const char* text);  // behind its length; cut after 255 bytes
size_t kws_payload_room(const kws_payload* payload);

uint16_t kws_get_16(const uint8_t* bytes);
uint32_t kws_get_32(const uint8_t* bytes);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_MESSAGE_H_
