// SPDX-License-Identifier: Apache-2.0
#include "proof_line.h"

#include "hal.h"
#include "line/packed.h"
#include "line/rate.h"
#include "protocol/request.h"
#include "reply.h"

#define PACKINGS 1u  // a bit for each that is known: the first
#ifndef KWS_UART_BAUD
#define KWS_UART_BAUD 115200u  // this computer: what a terminal that nobody has set stands for
#endif

static kws_rate rate;

void kws_proof_line_init(void) { kws_rate_init(&rate, KWS_UART_BAUD); }

void kws_proof_line_heard(void) { kws_rate_heard(&rate, kws_hal_clock_ms()); }

void kws_proof_line_poll(void) { kws_rate_poll(&rate, kws_hal_clock_ms()); }

void kws_answer_line(const kws_frame* request) {
    if (request->payload_bytes % 4 != 0) {
        kws_refuse(request, KWS_ERROR_LENGTH, "a rate has four bytes");
        return;
    }
    kws_put_8(&kws_reply, PACKINGS);
    kws_put_32(&kws_reply, kws_rate_now(&rate));
    for (size_t at = 0; at < request->payload_bytes; at += 4) {
        const uint32_t baud = kws_get_32(request->payload + at);
        if (kws_rate_is_possible(&rate, baud)) kws_put_32(&kws_reply, baud);
    }
    kws_reply_send(KWS_REPLY_LINE, request->sequence);
}

void kws_answer_rate(const kws_frame* request) {
    const uint32_t baud = kws_get_32(request->payload), lease_ms = kws_get_32(request->payload + 4);
    if (!kws_rate_is_possible(&rate, baud)) {
        kws_refuse(request, KWS_ERROR_VALUE, "the line cannot run at that rate");
        return;
    }
    kws_put_32(&kws_reply, baud);
    kws_reply_send(KWS_REPLY_RATE, request->sequence);
    kws_rate_want(&rate, baud, lease_ms);
}

void kws_answer_check(const kws_frame* request) {
    kws_put_bytes(&kws_reply, request->payload, request->payload_bytes);
    kws_reply_send(KWS_REPLY_CHECK, request->sequence);
}

uint32_t kws_unpack_audio(const kws_frame* request, const uint8_t** samples) {
    static int16_t unpacked[KWS_AUDIO_SAMPLES_MAX];
    const size_t header_bytes = KWS_AUDIO_HEADER_BYTES + 2u;
    const uint16_t count = kws_get_16(request->payload + KWS_AUDIO_HEADER_BYTES);
    *samples = (const uint8_t*)unpacked;
    if (count > KWS_AUDIO_SAMPLES_MAX ||
        kws_unpack(request->payload + header_bytes, request->payload_bytes - header_bytes, unpacked, count))
        return 0;
    uint8_t* const bytes = (uint8_t*)unpacked;  // low byte first, whatever this computer does
    for (uint32_t i = 0; i < count; ++i) {
        const uint16_t sample = (uint16_t)unpacked[i];
        bytes[2 * i] = (uint8_t)sample;
        bytes[2 * i + 1] = (uint8_t)(sample >> 8);
    }
    return count;
}
