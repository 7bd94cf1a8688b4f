// SPDX-License-Identifier: Apache-2.0
#include "reply.h"

#include "line.h"

kws_payload kws_reply;

void kws_reply_send(uint8_t type, uint8_t sequence) {
    static uint8_t wire[KWS_FRAME_WIRE_BYTES];
    const kws_frame frame = {type, sequence, kws_reply.bytes, kws_reply.count};
    kws_line_send(wire, kws_frame_encode(&frame, wire));
    kws_reply.count = 0;
}

void kws_refuse(const kws_frame* request, uint8_t code, const char* text) {
    kws_put_8(&kws_reply, code);
    kws_put_8(&kws_reply, request->type);
    kws_put_text(&kws_reply, text);
    kws_reply_send(KWS_REPLY_ERROR, request->sequence);
}
