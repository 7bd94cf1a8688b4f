// SPDX-License-Identifier: Apache-2.0
// A PDM microphone whose interrupt hands on words of 16 bits, the first bit highest: pdm_words.c gives the
// HAL the samples that the main loop makes of them.

#ifndef EARSHOT_MICROPHONE_PDM_WORDS_H_
#define EARSHOT_MICROPHONE_PDM_WORDS_H_

#include "pdm.h"

#define KWS_PDM_WORDS_PER_SAMPLE (KWS_PDM_BITS_PER_SAMPLE / 16u)
#define KWS_PDM_BLOCK_WORDS (128u * KWS_PDM_WORDS_PER_SAMPLE)  // 8 ms: what drivers fill at a time

// Before the first word.
void kws_pdm_words_start(void);

#endif  // EARSHOT_MICROPHONE_PDM_WORDS_H_
