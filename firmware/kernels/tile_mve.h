// SPDX-License-Identifier: Apache-2.0
// Tiles with the vector extension of Armv8.1-M (Helium); see tile.h.

#ifndef EARSHOT_KERNELS_TILE_MVE_H_
#define EARSHOT_KERNELS_TILE_MVE_H_

#include "../compiler.h"
#include "dsp.h"
#include "tile_shape.h"

#if KWS_HAS_MVE

#include <arm_mve.h>
#include <string.h>

KWS_BEGIN_CODE

typedef int8_t kws_lane;

#define KWS_WEIGHTS(a, b, c, d) a, b, c, d

#define KWS_VECTOR_LANES 16  // and KWS_DOT_TAPS

KWS_INLINE void kws_expand(const int8_t* values, kws_lane* lanes, int32_t count) {
    memcpy(lanes, values, (size_t)count);
}

KWS_INLINE void kws_larger(const int8_t* a, const int8_t* b, int8_t* output, int32_t count) {
    for (; count > 0; count -= KWS_VECTOR_LANES) {
        const mve_pred16_t there = vctp8q((uint32_t)count);
        vstrbq_p_s8(output, vmaxq_s8(vldrbq_z_s8(a, there), vldrbq_z_s8(b, there)), there);
        a += KWS_VECTOR_LANES;
        b += KWS_VECTOR_LANES;
        output += KWS_VECTOR_LANES;
    }
}

KWS_INLINE const int8_t* kws_tile_widen(const int8_t* weights, int16_t* wide, kws_tile_shape shape) {
    (void)wide, (void)shape;
    return weights;
}

KWS_INLINE int32_t kws_tile_is_doubled(kws_tile_shape shape) {
    (void)shape;
    return 0;
}

KWS_INLINE int32_t kws_tile_is_narrow(kws_tile_shape shape) {
    (void)shape;
    return 0;
}

KWS_INLINE int8_t* kws_tile_narrow_row(int8_t* output, const kws_lane* lanes, const int8_t* weights,
                                       const kws_tile_channel* channel, kws_tile_shape shape) {
    (void)lanes, (void)weights, (void)channel, (void)shape;
    return output;
}

KWS_INLINE int32_t kws_tile_run_bytes(kws_tile_shape shape) { return KWS_PADDED_RUN(shape.run); }

// Adds the products of up to 16 neighbouring lanes. Loads of lanes may go past the end of the run;
// there the weights are zero, as they are loaded under a predicate.
KWS_INLINE void kws_tile_taps(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                              const int8_t* weights, int32_t taps) {
    if (taps == KWS_VECTOR_LANES / 2) {
        const int16x8_t weight = vldrbq_s16(weights);
        KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
            sums[p] = vmladavaq_s16(sums[p], vldrbq_s16(lanes + p * shape.step), weight);
        }
        return;
    }
    const int8x16_t weight =
        taps >= KWS_VECTOR_LANES ? vldrbq_s8(weights) : vldrbq_z_s8(weights, vctp8q((uint32_t)taps));
    KWS_UNROLL for (int32_t p = 0; p < shape.positions; ++p) {
        sums[p] = vmladavaq_s8(sums[p], vldrbq_s8(lanes + p * shape.step), weight);
    }
}

KWS_INLINE void kws_tile_run(int32_t* sums, kws_tile_shape shape, const kws_lane* lanes,
                             const int8_t* weights, int32_t is_first) {
    (void)is_first;
    const int32_t length = KWS_PADDED_RUN(shape.run);
    const int32_t whole = length / KWS_VECTOR_LANES * KWS_VECTOR_LANES;
    for (int32_t k = 0; k < whole; k += KWS_VECTOR_LANES) {
        kws_tile_taps(sums, shape, lanes + k, weights + k, KWS_VECTOR_LANES);
    }
    if (length > whole) kws_tile_taps(sums, shape, lanes + whole, weights + whole, length - whole);
}

KWS_INLINE int32_t kws_scaled(int32_t doubled, int32_t multiplier, int32_t addend) {
    return kws_smmlar(doubled, multiplier, addend);
}

KWS_INLINE void kws_dot_some(int32_t* sums, const int8_t* input, const int8_t* weights, int32_t outputs,
                             int32_t count) {
    for (; count > 0; count -= KWS_DOT_TAPS, input += KWS_DOT_TAPS) {
        const int8x16_t values = vldrbq_s8(input);
        KWS_UNROLL for (int32_t i = 0; i < outputs; ++i, weights += KWS_DOT_TAPS) {
            sums[i] = vmladavaq_s8(sums[i], values, vldrbq_s8(weights));
        }
    }
}

KWS_END_CODE

#endif

#endif  // EARSHOT_KERNELS_TILE_MVE_H_
