// SPDX-License-Identifier: Apache-2.0
#include "packed.h"

#define ORDER_BITS 2u
#define PARAMETER_BITS 4u
#define PLAIN 15u  // a parameter that says: the samples as they are
#define SAMPLE_BITS 16u

// Bits, the highest of each byte first. Behind the last byte there are ones, so that a run of zeros ends;
// whether they were read is looked at once, in the end.
typedef struct bits {
    const uint8_t* next;
    const uint8_t* end;
    uint32_t kept;    // the next of them, from the highest on
    uint32_t count;   // of kept
    uint32_t behind;  // how many were made up
} bits;

// To at least 25.
static inline void fill(bits* from) {
    while (from->count <= 24u) {
        uint32_t byte = 0xFFu;
        if (from->next < from->end) {
            byte = *from->next++;
        } else {
            from->behind += 8u;
        }
        from->kept |= byte << (24u - from->count);
        from->count += 8u;
    }
}

// width         1 to 16
static inline uint32_t take(bits* from, uint32_t width) {
    fill(from);
    const uint32_t value = from->kept >> (32u - width);
    from->kept <<= width;
    from->count -= width;
    return value;
}

// Zeros, and the one that ends them. There are at most eight for each byte.
static inline uint32_t take_zeros(bits* from) {
    uint32_t zeros = 0;
    fill(from);
    while (!(from->kept >> 31)) {
        from->kept <<= 1;
        from->count -= 1u;
        zeros += 1u;
        if (from->count == 0) fill(from);
    }
    from->kept <<= 1;
    from->count -= 1u;
    return zeros;
}

// What is added to the prediction: 0, -1, 1, -2, ... as 0, 1, 2, 3, ...
static inline int32_t take_residual(bits* from, uint32_t parameter) {
    uint32_t folded = take_zeros(from) << parameter;
    if (parameter > 0) folded |= take(from, parameter);
    return (int32_t)(folded >> 1) ^ -(int32_t)(folded & 1u);
}

// before        the last three samples, the newest first
static int unpack_block(bits* from, int32_t before[3], int16_t* samples, size_t count) {
    static const int8_t weights[4][3] = {{0, 0, 0}, {1, 0, 0}, {2, -1, 0}, {3, -3, 1}};
    const int8_t* const weight = weights[take(from, ORDER_BITS)];
    const uint32_t parameter = take(from, PARAMETER_BITS);
    const int32_t first = weight[0], second = weight[1], third = weight[2];
    int32_t a = before[0], b = before[1], c = before[2];
    for (size_t i = 0; i < count; ++i) {
        const int32_t sample = parameter == PLAIN
                                   ? (int16_t)take(from, SAMPLE_BITS)
                                   : first * a + second * b + third * c + take_residual(from, parameter);
        if (sample != (int16_t)sample) return -1;
        c = b;
        b = a;
        a = sample;
        samples[i] = (int16_t)sample;
    }
    before[0] = a;
    before[1] = b;
    before[2] = c;
    return 0;
}

int kws_unpack(const uint8_t* bytes, size_t byte_count, int16_t* samples, size_t sample_count) {
    bits from = {bytes, bytes + byte_count, 0, 0, 0};
    int32_t before[3] = {0, 0, 0};
    for (size_t done = 0; done < sample_count; done += KWS_PACKED_BLOCK_SAMPLES) {
        const size_t left = sample_count - done;
        const size_t count = left < KWS_PACKED_BLOCK_SAMPLES ? left : KWS_PACKED_BLOCK_SAMPLES;
        if (unpack_block(&from, before, samples + done, count)) return -1;
    }
    // What is left is the rest of the last byte, and zeros.
    if (from.count < from.behind) return -1;
    const uint32_t rest = from.count - from.behind;
    if (rest >= 8u || from.next < from.end) return -1;
    return rest > 0 && from.kept >> (32u - rest) ? -1 : 0;
}
