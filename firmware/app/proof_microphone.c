// SPDX-License-Identifier: Apache-2.0
#include "proof_microphone.h"

#include "reply.h"

#ifndef KWS_HAL_MICROPHONE  // boards that have one say so in the flags of board.json
#define KWS_HAL_MICROPHONE 0
#endif

#if KWS_HAL_MICROPHONE
#include "hal.h"
#include "microphone/listening.h"
#include "microphone/recording.h"
#include "protocol/request.h"

#define CHUNK_SAMPLES 128u
#define OLD_CHUNKS 256u  // more than any driver keeps

static kws_recording recording;
static kws_listening listening;
static uint32_t lost;       // by the driver, up to now
static uint32_t lost_then;  // when the listening began

static uint32_t lost_by_driver(void) { return kws_hal_audio_lost ? kws_hal_audio_lost() : 0; }

static int is_listening(const kws_transfer* transfer) { return transfer->kind == KWS_TRANSFER_LISTENING; }

// Where nobody wanted it, old sound waits in the driver, and more was lost behind it.
static void forget(const kws_transfer* transfer) {
    int16_t heard[CHUNK_SAMPLES];
    if (recording.is_on || (transfer && is_listening(transfer))) return;
    for (uint32_t chunks = 0; chunks < OLD_CHUNKS; ++chunks) {
        if (kws_hal_audio_read(heard, CHUNK_SAMPLES) < CHUNK_SAMPLES) break;
    }
    lost = lost_by_driver();
}

size_t kws_proof_hear(kws_transfer* transfer) {
    int16_t heard[CHUNK_SAMPLES];
    if (!recording.is_on && !is_listening(transfer)) return 0;
    const size_t count = kws_hal_audio_read(heard, CHUNK_SAMPLES);
    const uint32_t lost_now = lost_by_driver();
    if (recording.is_on) kws_recording_add(&recording, heard, count);
    if (recording.is_on && lost_now != lost) kws_recording_lose(&recording, lost_now - lost);
    lost = lost_now;
    if (is_listening(transfer)) kws_listening_hear(&listening, &transfer->stream, heard, (uint32_t)count);
    return count;
}

void kws_answer_record(const kws_frame* request) {
    static uint8_t samples[KWS_FRAME_PAYLOAD_BYTES - KWS_AUDIO_HEADER_BYTES];
    const uint32_t id = kws_get_32(request->payload), next = kws_get_32(request->payload + 4);
    if (next == 0) {
        if (!recording.is_on || recording.id != id || recording.first > 0) {
            forget(NULL);
            kws_recording_start(&recording, id);
        }
    } else if (!recording.is_on || recording.id != id) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "no such recording");
        return;
    }
    uint32_t first;
    const size_t count = kws_recording_read(&recording, next, samples, sizeof samples / 2, &first);
    kws_put_32(&kws_reply, id);
    kws_put_32(&kws_reply, first);
    kws_put_bytes(&kws_reply, samples, 2 * count);
    kws_reply_send(KWS_REPLY_RECORDED, request->sequence);
}

void kws_answer_listen(const kws_frame* request, kws_transfer* transfer) {
    const uint32_t id = kws_get_32(request->payload), next = kws_get_32(request->payload + 4);
    const int is_same = is_listening(transfer) && transfer->id == id;
    if (next == 0 && !is_same) {
        forget(transfer);
        kws_transfer_begin_listening(transfer, id);
        kws_listening_start(&listening, &transfer->stream);
        lost_then = lost;
    } else if (!is_same) {
        kws_refuse(request, KWS_ERROR_NOT_THERE, "nobody listens, or for somebody else");
        return;
    }
    if (listening.error) {
        kws_refuse(request, KWS_ERROR_ENGINE, kws_error_text(listening.error));
        return;
    }
    kws_put_32(&kws_reply, id);
    kws_put_32(&kws_reply, lost - lost_then);
    kws_listening_tell(&listening, next, &kws_reply);
    kws_reply_send(KWS_REPLY_LISTENED, request->sequence);
}
#else
size_t kws_proof_hear(kws_transfer* transfer) {
    (void)transfer;
    return 0;
}

void kws_answer_record(const kws_frame* request) {
    kws_refuse(request, KWS_ERROR_NOT_SUPPORTED, "this board has no microphone");
}

void kws_answer_listen(const kws_frame* request, kws_transfer* transfer) {
    (void)transfer;
    kws_refuse(request, KWS_ERROR_NOT_SUPPORTED, "this board has no microphone");
}
#endif
