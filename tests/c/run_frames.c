// The device's half of the framing as a filter, for tests.
//
// run_frames decode N   bytes of the line in, N at a time; out: records of frames; on stderr the counters
// run_frames encode     records in, bytes of the line out
//
// A record is type, sequence, length of the payload (two bytes, low first), payload.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/frame.h"

static int decode(size_t piece) {
    kws_frame_decoder decoder;
    memset(&decoder, 0xA5, sizeof decoder);
    kws_frame_decoder_init(&decoder);
    uint8_t* const bytes = malloc(piece);  // of the exact size, so that the sanitizer sees a step beyond
    if (!bytes) return 1;
    for (size_t count; (count = fread(bytes, 1, piece, stdin)) > 0;) {
        for (size_t taken = 0; taken < count;) {
            kws_frame frame;
            int has_frame;
            taken += kws_frame_decode(&decoder, bytes + taken, count - taken, &frame, &has_frame);
            if (!has_frame) continue;
            const uint8_t header[4] = {frame.type, frame.sequence, (uint8_t)frame.payload_bytes,
                                       (uint8_t)(frame.payload_bytes >> 8)};
            fwrite(header, 1, sizeof header, stdout);
            fwrite(frame.payload, 1, frame.payload_bytes, stdout);
        }
    }
    free(bytes);
    fprintf(stderr, "%u %u\n", (unsigned)decoder.accepted, (unsigned)decoder.dropped);
    return 0;
}

static int encode(void) {
    uint8_t header[4];
    while (fread(header, 1, sizeof header, stdin) == sizeof header) {
        const size_t length = header[2] | (size_t)header[3] << 8;
        uint8_t* const payload = malloc(length + 1);  // malloc(0) may return nothing
        uint8_t* const wire = malloc(KWS_FRAME_WIRE_BYTES);
        if (!payload || !wire || fread(payload, 1, length, stdin) != length) return 1;
        const kws_frame frame = {header[0], header[1], payload, length};
        fwrite(wire, 1, kws_frame_encode(&frame, wire), stdout);
        free(payload);
        free(wire);
    }
    return 0;
}

int main(int argc, char** argv) {
    if (argc == 3 && strcmp(argv[1], "decode") == 0) return decode((size_t)atoi(argv[2]));
    if (argc == 2 && strcmp(argv[1], "encode") == 0) return encode();
    return 2;
}
