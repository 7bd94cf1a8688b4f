// SPDX-License-Identifier: Apache-2.0
#include "conv_s8.h"

#include <string.h>

KWS_BEGIN_CODE

static void fill(kws_lane* lanes, int32_t value, int32_t count) {
#if KWS_INTERLEAVED
    const uint32_t pair = (uint32_t)(uint16_t)value * 0x10001u;
    for (; count >= 2; count -= 2, lanes += 2) kws_store_word(lanes, pair);
#endif
    for (int32_t i = 0; i < count; ++i) lanes[i] = (kws_lane)(value + KWS_LANE_BIAS);
}

// Moves rows to the front, word by word; the libraries of small systems do it byte by byte.
static void move_rows(kws_lane* scratch, int32_t from, int32_t count, int32_t row_lanes) {
#if KWS_GNU
    typedef uint32_t KWS_MAY_ALIAS(4) word;
    const int32_t row_words = row_lanes * (int32_t)sizeof *scratch / (int32_t)sizeof(word);
    word* to = (word*)scratch;
    const word* source = to + from * row_words;
    KWS_UNROLL_BY(8) for (int32_t left = count * row_words; left > 0; --left)* to++ = *source++;
#else
    memmove(scratch, scratch + from * row_lanes, (size_t)(count * row_lanes) * sizeof *scratch);
#endif
}

// One row of the image with all its channels, or what stands for it outside.
static void load_row(const int8_t* input, kws_lane* row, int32_t y, const kws_conv_params* p) {
    if (y < 0 || y >= p->input_height) {
        fill(row, p->input_zero_point, p->scratch_row_lanes);
        return;
    }
    const int32_t left = p->padding_left * p->input_channels;
    const int32_t middle = p->scratch_columns * p->input_channels;
    fill(row, p->input_zero_point, left);
    kws_expand(input + y * p->input_width * p->input_channels, row + left, middle);
    fill(row + left + middle, p->input_zero_point, p->scratch_row_lanes - left - middle);
}

// The rows of the image that `height` rows of outputs from out_y on need; what those before left is kept.
static void load_rows(const int8_t* input, kws_lane* scratch, int32_t out_y, int32_t height,
                      const kws_conv_params* p) {
#if KWS_INTERLEAVED
    if (p->is_interleaved) {
        const int32_t row_values = p->input_width * p->input_channels;
        kws_expand_interleaved(input + out_y * row_values, scratch, height * p->input_width,
                               p->input_channels);
        return;
    }
#endif
    const int32_t passed = p->block_height * p->stride_height;
    int32_t kept = 0;
    if (out_y > 0 && passed < p->scratch_rows) {
        kept = p->scratch_rows - passed;
        move_rows(scratch, passed, kept, p->scratch_row_lanes);
    }
    const int32_t top = out_y * p->stride_height - p->padding_top;
    const int32_t rows = p->scratch_rows - (p->block_height - height) * p->stride_height;
    for (int32_t row = kept; row < rows; ++row) {
        load_row(input, scratch + row * p->scratch_row_lanes, top + row, p);
    }
}

// One channel of the whole image; input is its first value. The padding is there already.
static void load_channel(const int8_t* input, kws_lane* scratch, const kws_conv_params* p) {
    kws_lane* row = scratch + p->padding_top * p->scratch_row_lanes + p->padding_left;
    int32_t rows = p->scratch_rows - p->padding_top;  // rows that no output needs are left out
    if (rows > p->input_height) rows = p->input_height;
    const int32_t channels = p->input_channels, columns = p->scratch_columns;
    const int32_t row_lanes = p->scratch_row_lanes, row_values = p->input_width * channels;
#if KWS_INTERLEAVED
    if (p->planes > 1) {
        const int32_t plane_lanes = p->scratch_rows * row_lanes;
        for (; rows > 0; --rows, row += row_lanes, input += row_values) {
            kws_expand_four_channels(input, channels, row, plane_lanes, columns);
        }
        return;
    }
#endif
#if KWS_COLUMN_LANES
    kws_expand_channel_rows(input, channels, row, columns, rows, row_values, row_lanes);
#else
    for (; rows > 0; --rows, row += row_lanes, input += row_values) {
        kws_expand_channel(input, channels, row, columns);
    }
#endif
}

// Of room for widened weights; cores that move columns widen none.
static int32_t wide_lanes(const kws_conv_params* p) { return KWS_COLUMN_LANES ? 0 : p->wide_lanes; }

// What all channels have in common.
static kws_tile_channel any_channel(kws_lane* scratch, const kws_conv_params* p) {
    kws_tile_channel channel;
    memset(&channel, 0, sizeof channel);
    channel.wide = (int16_t*)scratch;
    channel.tiles = p->tiles;
    channel.height_lanes = p->stride_height * p->scratch_row_lanes;
    channel.row_lanes = p->dilation_height * p->scratch_row_lanes;
    channel.output_step = p->output_channels;
    channel.zero_point = p->output_zero_point;
    channel.activation_min = p->activation_min;
    channel.activation_max = p->activation_max;
    return channel;
}

static int32_t sum_of(const int8_t* weights, int32_t count) {
    int32_t sum = 0;
    KWS_UNROLL_BY(4) for (; count > 0; --count) sum += *weights++;
    return sum;
}

KWS_INLINE void set_weights(kws_tile_channel* channel, int32_t index, const kws_conv_params* p) {
    channel->weights = p->weights + index * p->filter_weights;
    channel->bias = p->bias[index];
    channel->multiplier = p->multipliers[index];
    channel->shift = p->shifts[index];
}

KWS_INLINE void set_channel(kws_tile_channel* channel, int32_t index, const kws_conv_params* p) {
    set_weights(channel, index, p);
    const int32_t shift = channel->shift;
    if (shift < KWS_LEAST_PLAIN_SHIFT || shift >= 0) return;
    channel->right = -shift;
    channel->offset = (1 << (channel->right - 1)) + channel->zero_point * (1 << channel->right);
}

// Leaves out the rows of taps that lie outside of the image, where all that they meet is its zero point.
// Returns how many lie above it.
//
// top           row of the image that the first row of taps meets; negative above it
static int32_t leave_out_rows(kws_tile_channel* channel, int32_t top, const kws_conv_params* p) {
    const int32_t row_weights = p->filter_weights / p->filter_rows, first = top;
    int32_t outside = 0, above = 0, below = 0;
    for (; top < 0 && above < p->filter_rows; top += p->dilation_height) ++above;
    const int8_t* const inside = channel->weights + above * row_weights;
    outside += sum_of(channel->weights, above * row_weights);
    channel->rows = p->filter_rows - above;
    top = first + (p->filter_rows - 1) * p->dilation_height;
    for (; top >= p->input_height && below < channel->rows; top -= p->dilation_height) ++below;
    channel->rows -= below;
    outside += sum_of(inside + channel->rows * row_weights, below * row_weights);
    channel->weights = inside;
    channel->bias = kws_add(channel->bias, (p->input_zero_point + KWS_LANE_BIAS) * outside);
    return above;
}

// One channel of a block of outputs, some of which meet what is outside of the image.
KWS_APART void compute_edges(int8_t* output, const kws_lane* lanes, kws_tile_channel* channel, int32_t top,
                             const kws_conv_params* p) {
    const int8_t* const weights = channel->weights;
    const int32_t bias = channel->bias, all_rows = channel->height;
    const int32_t end = p->input_height - (p->filter_rows - 1) * p->dilation_height;  // of tops that fit
    for (int32_t left = all_rows; left > 0;
         left -= channel->height, top += channel->height * p->stride_height) {
        int32_t above = 0, height = 1;
        channel->weights = weights;
        channel->bias = bias;
        channel->rows = p->filter_rows;
        if (top < 0 || top >= end) {
            above = leave_out_rows(channel, top, p);
        } else {
            while (height < left && top + height * p->stride_height < end) ++height;
        }
        channel->height = height;
        p->tile(output, lanes + above * channel->row_lanes, channel);
        output += height * p->output_width * p->output_channels;
        lanes += height * channel->height_lanes;
    }
    channel->height = all_rows;
}

// One channel of a block of outputs.
//
// top           row of the image that the first row of taps of the first output meets; negative above it
KWS_INLINE void compute_channel(int8_t* output, const kws_lane* lanes, kws_tile_channel* channel, int32_t top,
                                const kws_conv_params* p) {
    if (KWS_LEAVES_OUT_ROWS && KWS_HAS_ROW_LOOP(p->filter_rows, p->filter_taps)) {
        const int32_t last = top + (channel->height - 1) * p->stride_height;
        if (top < 0 || last + (p->filter_rows - 1) * p->dilation_height >= p->input_height) {
            compute_edges(output, lanes, channel, top, p);
            return;
        }
        channel->rows = p->filter_rows;
    }
    p->tile(output, lanes, channel);
}

#if KWS_COLUMN_LANES
// What some rows of outputs meet, column by column.
//
// lanes         of the first tap of the first row
KWS_INLINE void load_windows(const kws_lane* lanes, kws_lane* window, int32_t height, int32_t is_depthwise,
                             const kws_conv_params* p) {
    const int32_t row_lanes = p->scratch_row_lanes, tap_lanes = p->dilation_height * row_lanes;
    const int32_t passed = p->stride_height * row_lanes;
    if (is_depthwise) {
        kws_expand_four_rows(lanes, window, tap_lanes, passed, row_lanes, height);
        return;
    }
    for (; height > 0; --height, lanes += passed, window += p->filter_rows * row_lanes) {
        kws_expand_columns(lanes, window, p->filter_rows, tap_lanes, p->input_channels, row_lanes);
    }
}

// Some channels of some rows of outputs, by windows. What is moved beyond the last column of one is written
// again for the next.
//
// lanes         what the first tap of the first row meets
// windows       room for p->window_rows
// first, count  the channels
KWS_INLINE void compute_columns(int8_t* output, const kws_lane* lanes, kws_lane* windows,
                                kws_tile_channel* channel, int32_t first, int32_t count, int32_t is_depthwise,
                                const kws_conv_params* p) {
    const int32_t all_rows = channel->height;
    channel->height_lanes = p->scratch_row_lanes * (is_depthwise ? KWS_DEPTHWISE_ROWS : p->filter_rows);
    for (int32_t left = all_rows; left > 0; left -= channel->height) {
        channel->height = left < p->window_rows ? left : p->window_rows;
        load_windows(lanes, windows, channel->height, is_depthwise, p);
        lanes += channel->height * p->stride_height * p->scratch_row_lanes;
        for (int32_t i = first; i < first + count; ++i) {
            set_weights(channel, i, p);
            p->tile(output + i, windows, channel);
        }
        output += channel->height * p->output_width * p->output_channels;
    }
    channel->height = all_rows;
}

// Each channel of a depthwise convolution, by windows. The padding is there already.
static void compute_depthwise_columns(const int8_t* input, int8_t* output, kws_lane* scratch,
                                      kws_tile_channel* channel, const kws_conv_params* p) {
    kws_lane* const windows = scratch + p->scratch_rows * p->scratch_row_lanes;
    for (int32_t i = 0; i < p->output_channels; i += p->outputs_per_group) {
        load_channel(input++, scratch, p);
        compute_columns(output, scratch, windows, channel, i, p->outputs_per_group, 1, p);
    }
}
#endif

void kws_conv_s8(const int8_t* input, int8_t* output, kws_lane* scratch, const kws_conv_params* params) {
    const kws_conv_params* const p = params;
    kws_tile_channel channel = any_channel(scratch, p);
    scratch += wide_lanes(p);
    int32_t left = p->output_height;
    for (int32_t y = 0; left > 0; y += p->block_height, left -= p->block_height) {
        channel.height = left < p->block_height ? left : p->block_height;
        load_rows(input, scratch, y, channel.height, p);
#if KWS_COLUMN_LANES
        if (p->window_rows > 0) {
            kws_lane* const windows = scratch + p->scratch_rows * p->scratch_row_lanes;
            compute_columns(output, scratch, windows, &channel, 0, p->output_channels, 0, p);
            output += p->block_height * p->output_width * p->output_channels;
            continue;
        }
#endif
        const kws_lane* lanes = scratch;
#if KWS_INTERLEAVED
        if (p->gathered) {
            channel.weights = (const int8_t*)p->gathered;
            p->tile(output, lanes, &channel);
            output += p->block_height * p->output_width * p->output_channels;
            continue;
        }
#endif
        int32_t left_of_group = p->outputs_per_group;
        for (int32_t i = 0; i < p->output_channels; ++i, --left_of_group) {
            if (left_of_group == 0) {
                lanes += p->filter_channels;
                left_of_group = p->outputs_per_group;
            }
            set_channel(&channel, i, p);
            compute_channel(output + i, lanes, &channel, y * p->stride_height - p->padding_top, p);
        }
        output += p->block_height * p->output_width * p->output_channels;
    }
}

void kws_depthwise_conv_s8(const int8_t* input, int8_t* output, kws_lane* scratch,
                           const kws_conv_params* params) {
    const kws_conv_params* const p = params;
    kws_tile_channel channel = any_channel(scratch, p);
    scratch += wide_lanes(p);
    channel.height = p->output_height;
    const kws_lane* lanes = scratch;
#if KWS_INTERLEAVED
    const int32_t plane_lanes = p->scratch_rows * p->scratch_row_lanes;
    const kws_lane* const end = scratch + p->planes * plane_lanes;
    fill(scratch, p->input_zero_point, p->planes * plane_lanes);
#else
    fill(scratch, p->input_zero_point, p->scratch_rows * p->scratch_row_lanes);
#endif
#if KWS_COLUMN_LANES
    if (p->window_rows > 0) {
        compute_depthwise_columns(input, output, scratch, &channel, p);
        return;
    }
#endif
    int32_t left_of_group = 0;
    for (int32_t i = 0; i < p->output_channels; ++i, --left_of_group) {
        if (left_of_group == 0) {
#if KWS_INTERLEAVED
            if (i > 0) lanes += plane_lanes;
            if (lanes == end) lanes = scratch;
            if (lanes == scratch) load_channel(input, scratch, p);
            ++input;
#else
            load_channel(input++, scratch, p);
#endif
            left_of_group = p->outputs_per_group;
        }
        set_channel(&channel, i, p);
        compute_channel(output + i, lanes, &channel, -p->padding_top, p);
    }
}

KWS_END_CODE
