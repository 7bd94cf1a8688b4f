// SPDX-License-Identifier: Apache-2.0
#include "lstm_s8.h"

#include <string.h>

KWS_BEGIN_CODE

// a * b, rescaled.
static int32_t product(int32_t a, int32_t b, int32_t multiplier, int32_t shift) {
    return kws_requantize(a * b, multiplier, (int)shift);
}

// The table between two of its places, in Q0.16 with `bits` behind; x in 2^-bits steps of the table, x >= 0.
static int32_t interpolated(const uint16_t* table, int32_t x, int bits) {
    const int32_t place = x >> bits, part = x & ((1 << bits) - 1);
    return table[place] * (1 << bits) + part * (table[place + 1] - table[place]);
}

// 1 / (1 + e^-x) in Q0.15, x in Q3.12.
static int32_t sigmoid(int32_t x, const uint16_t* table) {
    const int32_t wide = 3 * x;
    const int32_t value = interpolated(table, wide < 0 ? -wide : wide, 9);
    return (wide < 0 ? (1 << 25) - value + (1 << 9) - 1 : value + (1 << 9)) >> 10;
}

// tanh(x) in Q0.15 as 2 / (1 + e^-2x) - 1, x in 1/(3 * 4096).
static int32_t hyperbolic(int32_t x, const uint16_t* table) {
    const int32_t magnitude = x < 0 ? -x : x;
    const int32_t value = magnitude >> 8 >= 255 ? 0xFFFF << 8 : interpolated(table, magnitude, 8);
    return (x < 0 ? -value + (1 << 23) + (1 << 7) - 1 : value - (1 << 23) + (1 << 7)) >> 8;
}

// Adds to each gate what one vector gives, rescaled.
static void add_dot(int32_t* gates, const int8_t* values, const int8_t* weights, const int32_t* bias,
                    int32_t count, int32_t multiplier, int32_t shift) {
    int32_t sums[KWS_DOT_OUTPUTS];
    KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) sums[i] = bias[i];
    kws_dot(sums, values, weights, count);
    int32_t copy[KWS_DOT_OUTPUTS];  // lets the sums stay in registers until here
    KWS_UNROLL for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) copy[i] = sums[i];
    for (int32_t i = 0; i < KWS_DOT_OUTPUTS; ++i) {
        gates[i] = kws_clamp_16(gates[i] + kws_clamp_16(kws_requantize(copy[i], multiplier, (int)shift)));
    }
}

// KWS_DOT_OUTPUTS units of a gate in Q3.12, from the one called `first`.
static void add_gate(int32_t* gates, const kws_lstm_gate* gate, int32_t first, const int8_t* input,
                     const int8_t* hidden, const kws_lstm_params* p) {
    memset(gates, 0, KWS_DOT_OUTPUTS * sizeof(*gates));
    add_dot(gates, input, gate->input_weights + first * p->padded_input, gate->input_bias + first,
            p->input_count, gate->input_multiplier, gate->input_shift);
    add_dot(gates, hidden, gate->hidden_weights + first * p->padded_hidden, gate->hidden_bias + first,
            p->units, gate->hidden_multiplier, gate->hidden_shift);
}

// One step of one batch. The output may not lie over the hidden state, which all units read.
static void lstm_step(const int8_t* input, int8_t* output, const int8_t* hidden, int16_t* cells,
                      const kws_lstm_params* p) {
    for (int32_t first = 0; first < p->units; first += KWS_DOT_OUTPUTS) {
        int32_t forget[KWS_DOT_OUTPUTS], in[KWS_DOT_OUTPUTS], cell[KWS_DOT_OUTPUTS], out[KWS_DOT_OUTPUTS];
        add_gate(forget, &p->forget, first, input, hidden, p);
        add_gate(in, &p->input, first, input, hidden, p);
        add_gate(cell, &p->cell, first, input, hidden, p);
        add_gate(out, &p->output, first, input, hidden, p);
        for (int32_t i = 0; i < KWS_DOT_OUTPUTS && first + i < p->units; ++i) {
            const int32_t kept = product(sigmoid(forget[i], p->sigmoid), cells[first + i],
                                         p->forget_multiplier, p->forget_shift);
            const int32_t added = product(sigmoid(in[i], p->sigmoid), hyperbolic(3 * cell[i], p->sigmoid),
                                          p->input_multiplier, p->input_shift);
            const int32_t sum = kws_clamp_16(kws_clamp_16(kept) + kws_clamp_16(added));
            const int32_t value = kws_clamp(sum, p->cell_min, p->cell_max);
            cells[first + i] = (int16_t)value;
            const int32_t half = p->tanh_shift > 0 ? 1 << (p->tanh_shift - 1) : 0;
            const int32_t shown =
                hyperbolic((value * p->tanh_multiplier + half) >> p->tanh_shift, p->sigmoid);
            const int32_t scaled =
                product(shown, sigmoid(out[i], p->sigmoid), p->output_multiplier, p->output_shift);
            output[first + i] = kws_saturate(scaled + p->output_zero_point);
        }
    }
}

void kws_lstm_s8(const int8_t* input, int8_t* output, int8_t* hidden, int16_t* cells,
                 const kws_lstm_params* params) {
    const kws_lstm_params* const p = params;
    for (int32_t batch = 0; batch < p->batches; ++batch, hidden += p->units, cells += p->units) {
        const int8_t* from = input + batch * p->input_batch;
        int8_t* to = output + batch * p->output_batch;
        for (int32_t t = 0; t < p->steps; ++t, from += p->input_step, to += p->output_step) {
            lstm_step(from, to, hidden, cells, p);
            memcpy(hidden, to, (size_t)p->units);
        }
    }
}

KWS_END_CODE
