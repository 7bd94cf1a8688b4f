// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include "crc32.h"

#define HEADER_BYTES 2u
#define CRC_BYTES 4u
#define FULL_BLOCK 255u  // 254 bytes follow, and no zero after them

// The control characters that text does not contain.
static int can_be_type(uint8_t byte) {
    return byte > 0 && byte < 32 && byte != '\t' && byte != '\n' && byte != '\r' && byte != '\x1b';
}

static void start_frame(kws_frame_decoder* decoder) {
    decoder->count = 0;
    decoder->block = 0;
    decoder->block_left = 0;
    decoder->is_broken = 0;
}

void kws_frame_decoder_init(kws_frame_decoder* decoder) {
    start_frame(decoder);
    decoder->accepted = decoder->dropped = 0;
}

static void append(kws_frame_decoder* decoder, uint8_t byte) {
    if (decoder->count < KWS_FRAME_CONTENT_BYTES) {
        decoder->content[decoder->count++] = byte;
    } else {
        decoder->is_broken = 1;
    }
}

static void take(kws_frame_decoder* decoder, uint8_t byte) {
    if (decoder->block_left > 0) {
        append(decoder, byte);
        decoder->block_left -= 1;
        return;
    }
    // A new block: so there is a zero between it and the last one.
    if (decoder->block != 0 && decoder->block != FULL_BLOCK) append(decoder, 0);
    decoder->block = byte;
    decoder->block_left = (uint8_t)(byte - 1);
}

static int is_whole(const kws_frame_decoder* decoder) {
    if (decoder->is_broken || decoder->block_left > 0) return 0;
    if (decoder->count < HEADER_BYTES + CRC_BYTES || !can_be_type(decoder->content[0])) return 0;
    const size_t body_bytes = decoder->count - CRC_BYTES;
    const uint32_t crc = kws_crc32(0, decoder->content, body_bytes);
    for (size_t i = 0; i < CRC_BYTES; ++i) {
        if (decoder->content[body_bytes + i] != (uint8_t)(crc >> 8 * i)) return 0;
    }
    return 1;
}

// Returns 1 where a frame ends here. Two zeros in a row enclose nothing.
static int end_frame(kws_frame_decoder* decoder, kws_frame* frame) {
    const int is_empty = decoder->block == 0;
    const int has_frame = !is_empty && is_whole(decoder);
    if (has_frame) {
        decoder->accepted += 1;
        frame->type = decoder->content[0];
        frame->sequence = decoder->content[1];
        frame->payload = decoder->content + HEADER_BYTES;
        frame->payload_bytes = decoder->count - HEADER_BYTES - CRC_BYTES;
    } else if (!is_empty) {
        decoder->dropped += 1;
    }
    start_frame(decoder);  // the content stays where it is
    return has_frame;
}

size_t kws_frame_decode(kws_frame_decoder* decoder, const uint8_t* bytes, size_t count, kws_frame* frame,
                        int* has_frame) {
    *has_frame = 0;
    size_t taken = 0;
    while (taken < count && !*has_frame) {
        const uint8_t byte = bytes[taken++];
        if (byte == 0) {
            *has_frame = end_frame(decoder, frame);
        } else {
            take(decoder, byte);
        }
    }
    return taken;
}

typedef struct stuffer {
    uint8_t* wire;
    size_t count;
    size_t block;  // where the current block begins
} stuffer;

static void start_block(stuffer* state) {
    state->block = state->count;
    state->wire[state->count++] = 1;
}

static void stuff(stuffer* state, const uint8_t* bytes, size_t count) {
    for (size_t i = 0; i < count; ++i) {
        if (state->wire[state->block] == FULL_BLOCK) start_block(state);
        if (bytes[i] == 0) {
            start_block(state);
        } else {
            state->wire[state->count++] = bytes[i];
            state->wire[state->block] += 1;
        }
    }
}

size_t kws_frame_encode(const kws_frame* frame, uint8_t wire[KWS_FRAME_WIRE_BYTES]) {
    const uint8_t header[HEADER_BYTES] = {frame->type, frame->sequence};
    const uint32_t crc = kws_crc32(kws_crc32(0, header, HEADER_BYTES), frame->payload, frame->payload_bytes);
    const uint8_t crc_bytes[CRC_BYTES] = {(uint8_t)crc, (uint8_t)(crc >> 8), (uint8_t)(crc >> 16),
                                          (uint8_t)(crc >> 24)};
    stuffer state = {.wire = wire};
    wire[state.count++] = 0;
    start_block(&state);
    stuff(&state, header, HEADER_BYTES);
    stuff(&state, frame->payload, frame->payload_bytes);
    stuff(&state, crc_bytes, CRC_BYTES);
    wire[state.count++] = 0;
    return state.count;
}
