// SPDX-License-Identifier: Apache-2.0
#include "tile.h"

KWS_BEGIN_CODE

void kws_tile_store(const int32_t* sums, int32_t count, int8_t* output, const kws_tile_channel* channel) {
    for (int32_t i = 0; i < count; ++i, output += channel->output_step) {
        const int32_t value =
            kws_requantize(sums[i], channel->multiplier, (int)channel->shift) + channel->zero_point;
        *output = (int8_t)kws_clamp(value, channel->activation_min, channel->activation_max);
    }
}

KWS_END_CODE
