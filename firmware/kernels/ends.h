// SPDX-License-Identifier: Apache-2.0
// At the ends of a model: from the type that its .tflite has there to int8, and back.

#ifndef EARSHOT_KERNELS_ENDS_H_
#define EARSHOT_KERNELS_ENDS_H_

#include <stdint.h>

#include "../compiler.h"

KWS_BEGIN_CODE

// The int8 nearest to value / scale, halves away from zero, plus the zero point. What is too large becomes
// the end of the range, also where TFLite-Micro leaves it open (beyond 2^31 steps, infinite); what is no
// number, -128.
void kws_quantize_f32(const float* input, int8_t* output, int32_t count, float scale, int32_t zero_point);

// (value - zero_point) * scale
void kws_dequantize_f32(const int8_t* input, float* output, int32_t count, float scale, int32_t zero_point);
void kws_dequantize_s16_f32(const int16_t* input, float* output, int32_t count, float scale,
                            int32_t zero_point);

// From one scale and zero point to another, between types.
typedef struct kws_rescale {
    int32_t count;
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;  // see kws_requantize()
} kws_rescale;

// input, output [count]
void kws_rescale_u8_s8(const uint8_t* input, int8_t* output, const kws_rescale* rescale);
void kws_rescale_s16_s8(const int16_t* input, int8_t* output, const kws_rescale* rescale);
void kws_rescale_s8_u8(const int8_t* input, uint8_t* output, const kws_rescale* rescale);
void kws_rescale_s8_s16(const int8_t* input, int16_t* output, const kws_rescale* rescale);
void kws_rescale_s32_s8(const int32_t* input, int8_t* output, const kws_rescale* rescale);
void kws_rescale_s8_s32(const int8_t* input, int32_t* output, const kws_rescale* rescale);
void kws_rescale_s16_s16(const int16_t* input, int16_t* output, const kws_rescale* rescale);
void kws_rescale_s16_s32(const int16_t* input, int32_t* output, const kws_rescale* rescale);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_ENDS_H_
