#include "fully_connected_s8.h"

#include "fixedpoint.h"

void kws_fully_connected_s8(const int8_t* input, int8_t* output, const kws_fully_connected_params* params) {
    const kws_fully_connected_params* const p = params;
    for (int32_t row = 0; row < p->rows; ++row, input += p->input_count) {
        const int8_t* weights = p->weights;
        for (int32_t i = 0; i < p->output_count; ++i, weights += p->input_count) {
            int32_t total = p->bias[i];
            for (int32_t k = 0; k < p->input_count; ++k) total += input[k] * weights[k];
            const int32_t scale = i * p->scale_step;
            total = kws_requantize(total, p->multipliers[scale], p->shifts[scale]) + p->output_zero_point;
            *output++ = (int8_t)kws_clamp(total, p->activation_min, p->activation_max);
        }
    }
}
