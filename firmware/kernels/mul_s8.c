#include "mul_s8.h"

#include "fixedpoint.h"

static int32_t mul(int32_t a, int32_t b, const kws_mul_params* p) {
    const int32_t product = (a + p->offset1) * (b + p->offset2);
    return kws_requantize(product, p->output_multiplier, (int)p->output_shift);
}

void kws_mul_s8(const int8_t* input1, const int8_t* input2, int8_t* output, const kws_mul_params* params) {
    const kws_broadcast* const s = &params->shape;
    for (int32_t i = 0; i < s->dims[0]; ++i) {
        for (int32_t j = 0; j < s->dims[1]; ++j) {
            for (int32_t k = 0; k < s->dims[2]; ++k) {
                const int8_t* a = input1 + i * s->strides1[0] + j * s->strides1[1] + k * s->strides1[2];
                const int8_t* b = input2 + i * s->strides2[0] + j * s->strides2[1] + k * s->strides2[2];
                for (int32_t n = 0; n < s->dims[3]; ++n) {
                    const int32_t value = mul(*a, *b, params) + params->output_zero_point;
                    *output++ = (int8_t)kws_clamp(value, params->activation_min, params->activation_max);
                    a += s->strides1[3];
                    b += s->strides2[3];
                }
            }
        }
    }
}
