// SPDX-License-Identifier: Apache-2.0
#include "add_s8.h"

#include "tile.h"

KWS_BEGIN_CODE

#define ADD_LEFT_SHIFT 20  // bits kept behind the point of the first input, doubled

#if KWS_HAS_MVE

// value * multiplier / 2^(31 + right), rounded as kws_rounded() does it.
KWS_INLINE int32x4_t rounded(int32x4_t values, int32_t multiplier, int32_t right) {
    const int32x4_t products = vqrdmulhq_n_s32(values, multiplier);
    return vrshlq_n_s32(vaddq_s32(products, vshrq_n_s32(products, 31)), -right);
}

static void add_neighbours(const int8_t* input1, const int8_t* input2, int8_t* output, int32_t count,
                           const kws_add_params* p) {
    const int32x4_t low = vdupq_n_s32(p->activation_min), high = vdupq_n_s32(p->activation_max);
    for (; count > 0; count -= 4, input1 += 4, input2 += 4, output += 4) {
        const mve_pred16_t there = vctp32q((uint32_t)count);
        const int32x4_t a = vaddq_n_s32(vldrbq_z_s32(input1, there), p->offset1);
        const int32x4_t b = vaddq_n_s32(vldrbq_z_s32(input2, there), p->offset2);
        const int32x4_t scaled = rounded(vmulq_n_s32(b, p->step2 / 2), p->multiplier2, p->right2);
        const int32x4_t sums = vaddq_s32(vshlq_n_s32(a, ADD_LEFT_SHIFT - 1), scaled);
        const int32x4_t outputs =
            vaddq_n_s32(rounded(sums, p->output_multiplier, p->output_right), p->output_zero_point);
        vstrbq_p_s32(output, vminq_s32(vmaxq_s32(outputs, low), high), there);
    }
}

#endif

// The sum of two inputs less their zero points. What b is multiplied by leaves its sign, whatever its shift:
// that tells how a half is rounded.
KWS_INLINE int32_t doubled_sum(int32_t a, int32_t b, const kws_add_params* p) {
    const int right = (int)p->right2;
    const int32_t scaled = kws_scaled(b * p->step2, p->multiplier2, 1 << (right - 1));
    return a * (1 << ADD_LEFT_SHIFT) + 2 * ((scaled + (b >> 31)) >> right);
}

KWS_INLINE int32_t add_values(int32_t a, int32_t b, const void* params) {
    const kws_add_params* const p = (const kws_add_params*)params;
    const int32_t doubled = doubled_sum(a + p->offset1, b + p->offset2, p);
    const int right = (int)p->output_right;
    const int32_t sum = kws_rounded(doubled, p->output_multiplier, right, 1 << (right - 1));
    return kws_clamp(sum + p->output_zero_point, p->activation_min, p->activation_max);
}

#if !KWS_HAS_MVE

// Whether sums that are negative become -128, however they are rounded.
static int is_rectified(const kws_add_params* p) {
    return p->output_zero_point == INT8_MIN && p->activation_min == INT8_MIN &&
           p->activation_max == INT8_MAX && p->output_right <= -KWS_LEAST_PLAIN_SHIFT;
}

KWS_INLINE int8_t add_rectified(int32_t a, int32_t b, const kws_add_params* p) {
    const int right = (int)p->output_right;
    const int32_t offset = (1 << (right - 1)) + INT8_MIN * (1 << right);
    return kws_saturate(kws_scaled(doubled_sum(a, b, p), p->output_multiplier, offset) >> right);
}

#if KWS_HAS_DSP

#define ADD_MOST_FOLDED_RIGHT 4  // up to which offset1, in what is added before that shift, has room

// What a sum needs: just as many as there are registers for, beside two words, their places and the output's.
typedef struct add_folded {
    int32_t offset2, multiplier2, addend2, right2, multiplier, addend, right;
} add_folded;

KWS_INLINE int8_t add_one_folded(int32_t a, int32_t b, const add_folded* p) {
    const int32_t scaled = kws_scaled(b * (2 << ADD_LEFT_SHIFT), p->multiplier2, p->addend2);
    const int32_t sum = ((scaled + (b >> 31)) >> p->right2) + a * (1 << (ADD_LEFT_SHIFT - 1));
    return kws_saturate(kws_scaled(2 * sum, p->multiplier, p->addend) >> p->right);
}

// As many fours as there are.
KWS_APART void add_fours(const int8_t* input1, const int8_t* input2, int8_t* output, int32_t count,
                         const kws_add_params* p) {
    add_folded folded;
    folded.offset2 = p->offset2;
    folded.multiplier2 = p->multiplier2;
    folded.addend2 = (1 << (p->right2 - 1)) + p->offset1 * (1 << (ADD_LEFT_SHIFT - 1 + p->right2));
    folded.right2 = p->right2;
    folded.multiplier = p->output_multiplier;
    folded.addend = (1 << (p->output_right - 1)) + INT8_MIN * (1 << p->output_right);
    folded.right = p->output_right;
    for (; count >= 4; count -= 4, input1 += 4, input2 += 4) {
        const uint32_t a = kws_load_word(input1), b = kws_load_word(input2);
        // Each is stored at once: GCC would collect four in a word, and need registers for them.
        *output++ = add_one_folded((int8_t)a, kws_add_byte_0(folded.offset2, b), &folded);
        KWS_NOW(output);
        *output++ = add_one_folded((int8_t)(a >> 8), kws_add_byte_1(folded.offset2, b), &folded);
        KWS_NOW(output);
        *output++ = add_one_folded((int8_t)(a >> 16), kws_add_byte_2(folded.offset2, b), &folded);
        KWS_NOW(output);
        *output++ = add_one_folded((int8_t)(a >> 24), kws_add_byte_3(folded.offset2, b), &folded);
        KWS_NOW(output);
    }
}

#endif

static void add_neighbours(const int8_t* input1, const int8_t* input2, int8_t* output, int32_t count,
                           const kws_add_params* p) {
    if (!is_rectified(p)) {
        for (; count > 0; --count) *output++ = (int8_t)add_values(*input1++, *input2++, p);
        return;
    }
#if KWS_HAS_DSP
    if (p->step2 == 2 << ADD_LEFT_SHIFT && p->right2 <= ADD_MOST_FOLDED_RIGHT) {
        add_fours(input1, input2, output, count, p);
        const int32_t done = count / 4 * 4;
        input1 += done, input2 += done, output += done, count -= done;
    }
#endif
    const int32_t offset1 = p->offset1, offset2 = p->offset2;
    for (; count > 0; --count) *output++ = add_rectified(*input1++ + offset1, *input2++ + offset2, p);
}

#endif

void kws_add_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_add_params* params) {
    const kws_add_params copy = *params;  // for all the compiler knows, an output may lie over the original
    const kws_broadcast* const shape = &copy.shape;
    if (shape->dims[0] * shape->dims[1] * shape->dims[2] == 1 && shape->strides1[3] == 1 &&
        shape->strides2[3] == 1) {
        add_neighbours(input1, input2, output, shape->dims[3], &copy);
        return;
    }
    kws_walk_broadcast(input1, input2, output, shape, add_values, &copy);
}

KWS_END_CODE
