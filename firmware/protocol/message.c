// SPDX-License-Identifier: Apache-2.0
#include "message.h"

#include <string.h>

#define TEXT_BYTES 255u

size_t kws_payload_room(const kws_payload* payload) { return KWS_FRAME_PAYLOAD_BYTES - payload->count; }

void kws_put_bytes(kws_payload* payload, const void* bytes, size_t count) {
    if (count == 0 || count > kws_payload_room(payload)) return;
    memcpy(payload->bytes + payload->count, bytes, count);
    payload->count += count;
}

void kws_put_8(kws_payload* payload, uint8_t value) { kws_put_bytes(payload, &value, 1); }

void kws_put_16(kws_payload* payload, uint16_t value) {
    kws_put_8(payload, (uint8_t)value);
    kws_put_8(payload, (uint8_t)(value >> 8));
}

void kws_put_32(kws_payload* payload, uint32_t value) {
    kws_put_16(payload, (uint16_t)value);
    kws_put_16(payload, (uint16_t)(value >> 16));
}

void kws_put_text(kws_payload* payload, const char* text) {
    const size_t length = strlen(text);
    const size_t kept = length < TEXT_BYTES ? length : TEXT_BYTES;
    if (kept >= kws_payload_room(payload)) return;
    kws_put_8(payload, (uint8_t)kept);
    kws_put_bytes(payload, text, kept);
}

uint16_t kws_get_16(const uint8_t* bytes) { return (uint16_t)(bytes[0] | bytes[1] << 8); }

uint32_t kws_get_32(const uint8_t* bytes) {
    return kws_get_16(bytes) | (uint32_t)kws_get_16(bytes + 2) << 16;
}
