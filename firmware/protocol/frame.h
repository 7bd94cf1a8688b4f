// SPDX-License-Identifier: Apache-2.0
// Frames on the serial line, the device's half of docs/PROTOCOL.md; hil/protocol/framing.py is the host's.
//
// On the line: 0, type, sequence, payload and their CRC-32 stuffed so that no byte of it is 0 (COBS), 0.
// All memory is the caller's.

#ifndef EARSHOT_FRAME_H_
#define EARSHOT_FRAME_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KWS_FRAME_PAYLOAD_BYTES 1024
#define KWS_FRAME_CONTENT_BYTES (2 + KWS_FRAME_PAYLOAD_BYTES + 4)
#define KWS_FRAME_WIRE_BYTES (1 + KWS_FRAME_CONTENT_BYTES + KWS_FRAME_CONTENT_BYTES / 254 + 1 + 1)

typedef struct kws_frame {
    uint8_t type;  // 1 to 31, but not 9, 10, 13 or 27, which occur in text
    uint8_t sequence;
    const uint8_t* payload;
    size_t payload_bytes;  // at most KWS_FRAME_PAYLOAD_BYTES
} kws_frame;

// State of one line. Treat it as opaque but for the counters; it is complete only so that callers can own it.
typedef struct kws_frame_decoder {
    uint8_t content[KWS_FRAME_CONTENT_BYTES];  // of the frame that is coming in
    size_t count;                              // of content[]
    uint8_t block;       // first byte of the block that is coming in; 0 before the first
    uint8_t block_left;  // bytes of it still to come
    uint8_t is_broken;   // longer than a frame can be
    uint32_t accepted;   // frames handed over; wraps around, as does the next
    uint32_t dropped;    // stretches between zeros that were no frame
} kws_frame_decoder;

// Starts on a line on which anything may have come before.
void kws_frame_decoder_init(kws_frame_decoder* decoder);

// Takes in bytes up to the end of the next frame.
//
// bytes         count of them; fewer may be taken
// frame         written when *has_frame is set to 1; its payload stays until the next call
// has_frame     0 or 1
// returns       how many bytes were taken; call again with the rest
size_t kws_frame_decode(kws_frame_decoder* decoder, const uint8_t* bytes, size_t count, kws_frame* frame,
                        int* has_frame);

// Writes the bytes of a frame on the line, zeros on both sides.
//
// returns       how many
size_t kws_frame_encode(const kws_frame* frame, uint8_t wire[KWS_FRAME_WIRE_BYTES]);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_FRAME_H_
