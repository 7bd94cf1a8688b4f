// SPDX-License-Identifier: Apache-2.0
// AVERAGE_POOL_2D and MAX_POOL_2D on int8, NHWC, one image; input and output have one scale.

#ifndef EARSHOT_KERNELS_POOL_S8_H_
#define EARSHOT_KERNELS_POOL_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

typedef struct kws_pool_params {
    int32_t input_height, input_width;
    int32_t filter_height, filter_width;
    int32_t output_height, output_width;
    int32_t channels;
    int32_t stride_height, stride_width;
    int32_t padding_top, padding_left;  // what is outside of the image does not count
    int32_t activation_min, activation_max;
} kws_pool_params;

// input         [input_height][input_width][channels]
// output        [output_height][output_width][channels]
// scratch       [input_width][channels]
void kws_average_pool_s8(const int8_t* input, int8_t* output, const kws_pool_params* params);
void kws_max_pool_s8(const int8_t* input, int8_t* output, int8_t* scratch, const kws_pool_params* params);

// The part of a window that lies within the image, ends excluded.
typedef struct kws_pool_window {
    int32_t top, bottom, left, right;
} kws_pool_window;

static inline kws_pool_window kws_pool_window_at(int32_t out_y, int32_t out_x, const kws_pool_params* p) {
    const int32_t y = out_y * p->stride_height - p->padding_top;
    const int32_t x = out_x * p->stride_width - p->padding_left;
    const int32_t bottom = y + p->filter_height;
    const int32_t right = x + p->filter_width;
    kws_pool_window window;
    window.top = y > 0 ? y : 0;
    window.bottom = bottom < p->input_height ? bottom : p->input_height;
    window.left = x > 0 ? x : 0;
    window.right = right < p->input_width ? right : p->input_width;
    return window;
}

KWS_END_CODE

#endif  // EARSHOT_KERNELS_POOL_S8_H_
