// SPDX-License-Identifier: Apache-2.0
// UNIDIRECTIONAL_SEQUENCE_LSTM on int8, with cells of int16.

#ifndef EARSHOT_KERNELS_LSTM_S8_H_
#define EARSHOT_KERNELS_LSTM_S8_H_

#include <stdint.h>

#include "../compiler.h"
#include "tile.h"  // KWS_DOT_OUTPUTS, KWS_DOT_TAPS

KWS_BEGIN_CODE

// Weights: [groups of units][blocks of values][KWS_DOT_OUTPUTS][KWS_DOT_TAPS].
// Biases: [groups][KWS_DOT_OUTPUTS], less zero point * sum of the weights.
// Scales lead to Q3.12, see kws_requantize().
typedef struct kws_lstm_gate {
    const int8_t *input_weights, *hidden_weights;
    const int32_t *input_bias, *hidden_bias;
    int32_t input_multiplier, input_shift, hidden_multiplier, hidden_shift;
} kws_lstm_gate;

typedef struct kws_lstm_params {
    int32_t batches, steps, input_count, units;
    int32_t input_batch, input_step, output_batch, output_step;  // from one to the next, in elements
    int32_t padded_input, padded_hidden;                         // bytes of the weights of one unit
    kws_lstm_gate forget, input, cell, output;
    int32_t forget_multiplier, forget_shift;  // from forget gate * cell to the cell
    int32_t input_multiplier, input_shift;    // from input gate * cell gate to the cell
    int32_t output_multiplier, output_shift;  // from output gate * tanh(cell) to the output
    int32_t output_zero_point;
    int32_t cell_min, cell_max;           // of int16, or what a cell is clipped to
    int32_t tanh_multiplier, tanh_shift;  // of the cell: value * multiplier / 2^shift, in 1/(3 * 4096)
    const uint16_t* sigmoid;              // [256], 1 / (1 + e^-x) in Q0.16 for x = 0, 1/24, 2/24...
} kws_lstm_params;

// input         [batches][steps][input_count] or [steps][batches][input_count]
// output        [batches][steps][units], or as the input
// hidden        [batches][units]: the last output; kept by the caller, as cells
// cells         [batches][units] int16
void kws_lstm_s8(const int8_t* input, int8_t* output, int8_t* hidden, int16_t* cells,
                 const kws_lstm_params* params);

KWS_END_CODE

#endif  // EARSHOT_KERNELS_LSTM_S8_H_
