// SPDX-License-Identifier: Apache-2.0
#include "ends.h"

#include "fixedpoint.h"

KWS_BEGIN_CODE

#define FLOAT_LIMIT 512.0f  // steps; more than any int8 is from any zero point

void kws_quantize_f32(const float* input, int8_t* output, int32_t count, float scale, int32_t zero_point) {
    for (int32_t i = 0; i < count; ++i) {
        float steps = input[i] / scale;
        if (!(steps > -FLOAT_LIMIT)) steps = -FLOAT_LIMIT;
        if (steps > FLOAT_LIMIT) steps = FLOAT_LIMIT;
        int32_t nearest = (int32_t)steps;  // towards zero
        const float rest = steps - (float)nearest;
        if (rest >= 0.5f) ++nearest;
        if (rest <= -0.5f) --nearest;
        output[i] = kws_saturate(nearest + zero_point);
    }
}

void kws_dequantize_f32(const int8_t* input, float* output, int32_t count, float scale, int32_t zero_point) {
    for (int32_t i = 0; i < count; ++i) output[i] = (float)(input[i] - zero_point) * scale;
}

void kws_dequantize_s16_f32(const int16_t* input, float* output, int32_t count, float scale,
                            int32_t zero_point) {
    for (int32_t i = 0; i < count; ++i) output[i] = (float)(input[i] - zero_point) * scale;
}

// Sums wrap around, as they do on every core that TFLite-Micro runs on.
static int32_t rescaled(int32_t value, const kws_rescale* rescale) {
    const int32_t steps = kws_add(value, -rescale->input_zero_point);
    return kws_add(kws_requantize(steps, rescale->multiplier, (int)rescale->shift),
                   rescale->output_zero_point);
}

void kws_rescale_u8_s8(const uint8_t* input, int8_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) output[i] = kws_saturate(rescaled(input[i], rescale));
}

void kws_rescale_s16_s8(const int16_t* input, int8_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) output[i] = kws_saturate(rescaled(input[i], rescale));
}

void kws_rescale_s8_u8(const int8_t* input, uint8_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) {
        output[i] = (uint8_t)kws_clamp(rescaled(input[i], rescale), 0, UINT8_MAX);
    }
}

void kws_rescale_s8_s16(const int8_t* input, int16_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) {
        output[i] = (int16_t)kws_clamp(rescaled(input[i], rescale), INT16_MIN, INT16_MAX);
    }
}

void kws_rescale_s32_s8(const int32_t* input, int8_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) output[i] = kws_saturate(rescaled(input[i], rescale));
}

void kws_rescale_s8_s32(const int8_t* input, int32_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) output[i] = rescaled(input[i], rescale);
}

void kws_rescale_s16_s16(const int16_t* input, int16_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) {
        output[i] = (int16_t)kws_clamp(rescaled(input[i], rescale), INT16_MIN, INT16_MAX);
    }
}

void kws_rescale_s16_s32(const int16_t* input, int32_t* output, const kws_rescale* rescale) {
    for (int32_t i = 0; i < rescale->count; ++i) output[i] = rescaled(input[i], rescale);
}

KWS_END_CODE
