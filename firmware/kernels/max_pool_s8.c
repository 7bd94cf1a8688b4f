#include "fixedpoint.h"
#include "pool_s8.h"

static int32_t largest(const int8_t* input, kws_pool_window window, const kws_pool_params* p) {
    int32_t result = INT8_MIN;
    for (int32_t y = window.top; y < window.bottom; ++y) {
        for (int32_t x = window.left; x < window.right; ++x) {
            const int32_t value = input[(y * p->input_width + x) * p->channels];
            result = value > result ? value : result;
        }
    }
    return result;
}

void kws_max_pool_s8(const int8_t* input, int8_t* output, const kws_pool_params* params) {
    for (int32_t y = 0; y < params->output_height; ++y) {
        for (int32_t x = 0; x < params->output_width; ++x) {
            const kws_pool_window window = kws_pool_window_at(y, x, params);
            for (int32_t channel = 0; channel < params->channels; ++channel) {
                const int32_t value = largest(input + channel, window, params);
                *output++ = (int8_t)kws_clamp(value, params->activation_min, params->activation_max);
            }
        }
    }
}
