// SPDX-License-Identifier: Apache-2.0
// RESIZE_BILINEAR on int8, NHWC.

#ifndef EARSHOT_KERNELS_RESIZE_BILINEAR_S8_H_
#define EARSHOT_KERNELS_RESIZE_BILINEAR_S8_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

#define KWS_RESIZE_ONE 1024  // weight of a place that is met exactly

// Where one row or column of the output lies in the input.
typedef struct kws_resize_place {
    int32_t low, high;  // where the neighbours begin in the input
    int32_t weight;     // of the high one, of KWS_RESIZE_ONE; beyond the edge, where both are one, any number
} kws_resize_place;

typedef struct kws_resize_bilinear_params {
    int32_t images, image_bytes;  // bytes of the input
    int32_t output_height, output_width, channels;
    const kws_resize_place* rows;     // [output_height]
    const kws_resize_place* columns;  // [output_width]
} kws_resize_bilinear_params;

// output        [images][output_height][output_width][channels]
void kws_resize_bilinear_s8(const int8_t* input, int8_t* output, const kws_resize_bilinear_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_RESIZE_BILINEAR_S8_H_
