// SPDX-License-Identifier: Apache-2.0
// Tiles with the DSP extension of Armv7E-M and Armv8-M: SMLAD does two products at a time; see tile.h.

#ifndef EARSHOT_KERNELS_TILE_DSP_H_
#define EARSHOT_KERNELS_TILE_DSP_H_

#include "../compiler.h"
#include "dsp.h"
#include "expand_dsp.h"
#include "tile_shape.h"

#if KWS_HAS_DSP && !KWS_HAS_MVE

KWS_BEGIN_CODE

#define KWS_LANE_BIAS 0

// Bytes 0 and 2 of a word are widened to one pair, 1 and 3 to the next: stored like this, the
// pairs come out in the order of the lanes.
#define KWS_WEIGHTS(a, b, c, d) a, c, b, d

#define KWS_LOAD_WORDS_REACH 1020  // bytes, of LDRD
#define KWS_COLUMN_LANES 0
#define KWS_LEAVES_OUT_ROWS 0
#define KWS_HAS_MANY_REGISTERS 0
#define KWS_SMALL_FILTER 25  // weights; a loop around so few would cost more than they do

KWS_INLINE void kws_larger(const int8_t* a, const int8_t* b, int8_t* output, int32_t count) {
    if (count >= 4) {
        const int8_t *const last_a = a + count - 4, *const last_b = b + count - 4;
        int8_t* const last = output + count - 4;
        for (; output < last; a += 4, b += 4, output += 4) {
            kws_store_word(output, kws_larger_bytes(kws_load_word(a), kws_load_word(b)));
        }
        // This one may overlap the one before it, in which the larger values stay the larger ones.
        kws_store_word(last, kws_larger_bytes(kws_load_word(last_a), kws_load_word(last_b)));
        return;
    }
    for (; count > 0; --count, ++a, ++b) *output++ = *a > *b ? *a : *b;
}

// Where it has many tiles, a channel's weights are widened to pairs once for all of them, and doubled, which
// saves doubling each sum for kws_scaled().
KWS_INLINE int32_t kws_tile_is_doubled(kws_tile_shape shape) {
    return shape.is_widened && shape.scaling != KWS_SCALING_ANY;
}

// Whether outputs at odd lanes have weights of their own, in as many pairs as the others: a zero comes first
// instead of last, and all words of lanes are read where they begin.
KWS_INLINE int32_t kws_tile_has_odd(kws_tile_shape shape) {
    return shape.is_widened && shape.step % 2 == 1 && shape.run % 2 == 1 && shape.run > 1 &&
           (shape.tile_step | shape.spacing | shape.group) % 2 == 0;
}

// Whether all that is added to the lanes of a tile is even; rows begin at words.
KWS_INLINE int32_t kws_tile_is_aligned(kws_tile_shape shape) {
    return kws_tile_has_odd(shape) || (shape.step | shape.tile_step | shape.spacing | shape.group) % 2 == 0;
}

KWS_INLINE int32_t kws_tile_pairs(kws_tile_shape shape) { return (shape.run + 1) / 2; }

// Of one run in the form that tiles read.
KWS_INLINE int32_t kws_tile_run_bytes(kws_tile_shape shape) {
    if (!shape.is_widened) return KWS_PADDED_RUN(shape.run);
    return 4 * kws_tile_pairs(shape) * (kws_tile_has_odd(shape) ? 2 : 1);
}

// Pairs of one run, widened. With those for odd lanes: two, the same two for odd lanes, and so on.
KWS_INLINE void kws_tile_widen_run(const int8_t* weights, int16_t* wide, kws_tile_shape shape) {
    const int32_t pairs = kws_tile_pairs(shape);
    uint32_t before = 0;
    KWS_UNROLL_BY(2) for (int32_t k = 0; k < pairs; k += 2, weights += 4) {
        const uint32_t four = kws_load_word(weights);
        uint32_t first = kws_sxtb16(four), second = kws_sxtb16_odd(four);
        if (kws_tile_is_doubled(shape)) {
            first = kws_add_halves(first, first);
            second = kws_add_halves(second, second);
        }
        kws_store_word(wide, first);
        wide += 2;
        if (k + 1 < pairs) {
            kws_store_word(wide, second);
            wide += 2;
        }
        if (!kws_tile_has_odd(shape)) continue;
        kws_store_word(wide, before >> 16 | first << 16);
        wide += 2;
        if (k + 1 < pairs) {
            kws_store_word(wide, first >> 16 | second << 16);
            wide += 2;
        }
        before = second;
    }
}

KWS_INLINE const int8_t* kws_tile_widen(const int8_t* weights, int16_t* wide, kws_tile_shape shape) {
    if (!shape.is_widened) return weights;
    int16_t* to = wide;
    for (int32_t run = shape.rows * shape.runs; run > 0; --run) {
        kws_tile_widen_run(weights, to, shape);
        weights += KWS_PADDED_RUN(shape.run);
        to += kws_tile_run_bytes(shape) / (int32_t)sizeof *to;
    }
    return (const int8_t*)wide;
}

#define KWS_BLOCK_PAIRS 4  // of weights in registers, at most; the size of the arrays below

// Some pairs of weights of a run. Where outputs at odd lanes have their own, `even` are those of the others.
typedef struct kws_tile_block {
    uint32_t even[4], odd[4];
    int32_t pairs;
    int32_t is_first;  // of the filter: sums are what they begin with
} kws_tile_block;

KWS_INLINE kws_tile_block kws_tile_load_block(const int8_t* weights, int32_t pairs, kws_tile_shape shape,
                                              int32_t is_first) {
    kws_tile_block block;
    block.pairs = pairs;
    block.is_first = is_first;
    KWS_UNROLL for (int32_t k = 0; k < pairs; k += 2) {
        if (shape.is_widened) {
            const kws_words two = kws_load_some_words(weights + 4 * k, pairs - k, 1);
            block.even[k] = two.low;
            if (k + 1 < pairs) block.even[k + 1] = two.high;
        } else {
            const uint32_t four = kws_load_word(weights + 2 * k);
            block.even[k] = kws_sxtb16(four);
            block.even[k + 1] = kws_sxtb16_odd(four);
        }
    }
    if (!kws_tile_has_odd(shape)) return block;
    KWS_UNROLL for (int32_t k = 0; k < pairs; k += 2) {
        const kws_words two = kws_load_some_words(weights + 4 * (pairs + k), pairs - k, 1);
        block.odd[k] = two.low;
        if (k + 1 < pairs) block.odd[k + 1] = two.high;
    }
    return block;
}

// Adds the products of a pair of lanes and pair k of a block. The first of all leaves what all sums begin
// with in its register, from which the others take it.
KWS_INLINE void kws_tile_add(int32_t* sum, uint32_t lanes, uint32_t weights, int32_t k,
                             const kws_tile_block* block) {
    *sum = block->is_first && k == 0 ? kws_smlad_from(lanes, weights, *sum) : kws_smlad(lanes, weights, *sum);
}

// A word of lanes meets the weights of each position that it belongs to.
//
// number        of the word
KWS_INLINE void kws_tile_meet(int32_t* sums, kws_tile_shape shape, uint32_t word, int32_t number,
                              const kws_tile_block* block) {
    KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
        const int32_t k = number - p * shape.step / 2;
        if (k < 0 || k >= block->pairs) continue;
        kws_tile_add(&sums[p], word, p * shape.step % 2 ? block->odd[k] : block->even[k], k, block);
    }
}

// Positions that have words in common; each is loaded once.
KWS_INLINE void kws_tile_shared(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                                const kws_tile_block* block) {
    const int32_t words = (shape.positions - 1) * shape.step / 2 + block->pairs;
    KWS_UNROLL for (int32_t i = 0; i < words; i += 2) {
        const kws_words two = kws_load_some_words(lanes + 2 * i, words - i, 1);
        kws_tile_meet(sums, shape, two.low, i, block);
        if (i + 1 < words) kws_tile_meet(sums, shape, two.high, i + 1, block);
    }
}

// The same where positions begin at any lane: a pair that several have in common is loaded once.
KWS_INLINE void kws_tile_shared_anywhere(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                                         const kws_tile_block* block) {
    const int32_t taps = 2 * block->pairs;
    KWS_UNROLL for (int32_t i = 0; i < (shape.positions - 1) * shape.step + taps; ++i) {
        const uint32_t pair = kws_load_word(lanes + i);  // which costs nothing where no position needs it
        KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
            const int32_t k = i - p * shape.step;
            if (0 <= k && k < taps && k % 2 == 0) kws_tile_add(&sums[p], pair, block->even[k / 2], k, block);
        }
    }
}

// Positions that have no lanes in common.
KWS_INLINE void kws_tile_apart(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                               const kws_tile_block* block) {
    const int32_t reach = ((shape.positions - 1) * shape.step + 2 * block->pairs) * (int32_t)sizeof *lanes;
    const int32_t is_near = kws_tile_is_aligned(shape) && reach <= KWS_LOAD_WORDS_REACH;
    KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
        KWS_UNROLL for (int32_t k = 0; k < block->pairs; k += 2) {
            const kws_words two =
                kws_load_some_words(lanes + p * shape.step + 2 * k, block->pairs - k, is_near);
            kws_tile_add(&sums[p], two.low, block->even[k], k, block);
            if (k + 1 < block->pairs) sums[p] = kws_smlad(two.high, block->even[k + 1], sums[p]);
        }
    }
}

// Pairs of a block. The longer it is, the more lanes are shared; those for odd lanes take registers as well.
KWS_INLINE int32_t kws_tile_block_pairs(kws_tile_shape shape) {
    return kws_tile_has_odd(shape) || shape.step > 2 ? 2 : KWS_BLOCK_PAIRS;
}

// Whether the pairs that meet two pairs of weights are six neighbouring words.
KWS_INLINE int32_t kws_tile_has_five_neighbours(kws_tile_shape shape) {
    return kws_tile_is_doubled(shape) && kws_tile_has_neighbours(shape) && shape.positions == KWS_INTERLEAVED;
}

KWS_INLINE void kws_tile_run(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                             const int8_t* weights, int32_t is_first) {
    if (kws_tile_has_five_neighbours(shape)) {
        KWS_UNROLL for (int32_t k = 0; k < shape.run; k += 4) {
            const kws_words two = kws_load_words(weights + 2 * k);
            kws_add_ten_products(sums, lanes + k, two, sums[4], is_first && k == 0);
        }
        return;
    }
    const int32_t most = kws_tile_block_pairs(shape);
    const int32_t bytes = shape.is_widened ? kws_tile_has_odd(shape) ? 8 : 4 : 2;  // of a pair
    KWS_UNROLL for (int32_t k = 0; k < kws_tile_pairs(shape); k += most) {
        const int32_t left = kws_tile_pairs(shape) - k;
        const kws_tile_block block =
            kws_tile_load_block(weights + bytes * k, left < most ? left : most, shape, is_first && k == 0);
        if (kws_tile_has_odd(shape) || (kws_tile_is_aligned(shape) && shape.step < 2 * block.pairs)) {
            kws_tile_shared(sums, shape, lanes + 2 * k, &block);
        } else if (shape.step < 2 * block.pairs) {
            kws_tile_shared_anywhere(sums, shape, lanes + 2 * k, &block);
        } else {
            kws_tile_apart(sums, shape, lanes + 2 * k, &block);
        }
    }
}

// The sums of KWS_INTERLEAVED positions. Returns where their lanes end.
KWS_INLINE const kws_lane* kws_tile_run_interleaved(int32_t* sums, const kws_lane* lanes,
                                                    const kws_tile_channel* channel, kws_tile_shape shape) {
    const int16_t* wide = channel->wide;
    const int32_t bias = 2 * channel->bias;
    KWS_UNROLL for (int32_t k = 0; k < kws_tile_pairs(shape); k += 2) {
        const kws_words two = kws_next_words(&wide);
        lanes = kws_add_five_products(sums, lanes, two.low, bias, k == 0);
        lanes = kws_add_five_products(sums, lanes, two.high, bias, 0);
    }
    return lanes;
}

KWS_INLINE int32_t kws_scaled(int32_t doubled, int32_t multiplier, int32_t addend) {
    // Both divide by 2^32. A constant 0 would take a register.
    if (__builtin_constant_p(addend) && addend == 0) return kws_smmulr(doubled, multiplier);
    return kws_smmlar(doubled, multiplier, addend);
}

// A 1x1 convolution of few channels: weights stay in registers while positions go by one after the other.
KWS_INLINE int32_t kws_tile_has_walk(kws_tile_shape shape) {
    return shape.rows == 1 && shape.runs == 1 && shape.run <= 2 * KWS_BLOCK_PAIRS &&
           shape.step >= shape.run && shape.step % 2 == 0 && shape.group % 2 == 0 &&
           kws_tile_is_doubled(shape) && shape.scaling == KWS_SCALING_RECTIFIED;
}

KWS_INLINE const char* kws_tile_form(kws_tile_shape shape) {
    if (shape.is_gathered) return "DSP: five positions gathered for all channels";
    if (shape.is_interleaved) return "DSP: weights widened once, pairs of five positions side by side";
    if (kws_tile_has_walk(shape)) return "DSP: weights in registers, an output after the other";
    if (kws_tile_has_odd(shape)) return "DSP: weights widened once, for even lanes and for odd ones";
    if (kws_tile_has_five_neighbours(shape)) return "DSP: weights widened once, LDM reads five positions";
    return shape.is_widened ? "DSP: weights widened once" : "DSP: weights widened by each tile";
}

// What all positions of a narrow row have in common.
typedef struct kws_tile_narrow {
    kws_tile_block block;
    int32_t bias, multiplier, offset, right, output_step;
} kws_tile_narrow;

// Some positions; returns the place of the next output.
KWS_INLINE int8_t* kws_tile_narrow_positions(int8_t* output, const kws_lane* lanes,
                                             const kws_tile_narrow* row, int32_t positions,
                                             kws_tile_shape shape) {
    const int32_t pairs = kws_tile_pairs(shape);
    KWS_UNROLL for (int32_t p = 0; p < positions; ++p) {
        int32_t sum = row->bias;
        KWS_UNROLL for (int32_t k = 0; k < pairs; k += 2) {
            const int32_t left = pairs - k;
            const kws_words two = kws_load_some_words(lanes + p * shape.step + 2 * k, left, 1);
            kws_tile_add(&sum, two.low, row->block.even[k], k, &row->block);
            if (left > 1) sum = kws_smlad(two.high, row->block.even[k + 1], sum);
        }
        output[p % 2 * row->output_step] =
            kws_saturate(kws_scaled(sum, row->multiplier, row->offset) >> row->right);
        if (p % 2 == 0 && p + 1 < positions) continue;
        output += (p % 2 + 1) * row->output_step;
        KWS_NOW(output);  // GCC would keep an address for every three outputs, on the stack
    }
    return output;
}

KWS_INLINE void kws_tile_walk(int8_t* output, const kws_lane* lanes, const int8_t* weights,
                              const kws_tile_channel* channel, kws_tile_shape shape) {
    kws_tile_narrow row;
    row.block = kws_tile_load_block(weights, kws_tile_pairs(shape), shape, 1);
    row.bias = 2 * channel->bias;
    row.multiplier = channel->multiplier;
    row.offset = channel->offset;
    row.right = channel->right;
    row.output_step = channel->output_step;
    for (int32_t rows = channel->height; rows > 0; --rows, lanes += channel->height_lanes) {
        const kws_lane* place = lanes;
        for (int32_t left = channel->tiles; left > 0; --left, place += shape.tile_step) {
            output = kws_tile_narrow_positions(output, place, &row, shape.positions, shape);
        }
        output = kws_tile_narrow_positions(output, place, &row, shape.last, shape);
    }
}

KWS_INLINE void kws_dot_some(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t outputs,
                             int32_t count) {
    for (; count > 0; count -= KWS_DOT_TAPS) {
        KWS_UNROLL for (int32_t k = 0; k < KWS_DOT_TAPS; k += 4) {
            const uint32_t values = kws_load_word(input + k);
            const uint32_t even = kws_sxtb16(values), odd = kws_sxtb16_odd(values);
            KWS_UNROLL for (int32_t i = 0; i < outputs; ++i) {
                const uint32_t four = kws_load_word(weights + i * KWS_DOT_TAPS + k);
                sums[i] = kws_smlad(even, kws_sxtb16(four), sums[i]);
                sums[i] = kws_smlad(odd, kws_sxtb16_odd(four), sums[i]);
            }
        }
        input += KWS_DOT_TAPS;
        weights += outputs * KWS_DOT_TAPS;
    }
}

KWS_END_CODE

#endif

#endif  // EARSHOT_KERNELS_TILE_DSP_H_
