// SPDX-License-Identifier: Apache-2.0
// The line of `proof`: a rate to agree on, and packed audio.

#ifndef EARSHOT_APP_PROOF_LINE_H_
#define EARSHOT_APP_PROOF_LINE_H_

#include "protocol/frame.h"

void kws_proof_line_init(void);

// To be called for each request, when it was answered.
void kws_proof_line_heard(void);

// To be called when all that came was answered.
void kws_proof_line_poll(void);

// Answers LINE, RATE and CHECK.
void kws_answer_line(const kws_frame* request);
void kws_answer_rate(const kws_frame* request);
void kws_answer_check(const kws_frame* request);

// The samples of AUDIO_PACKED as those of AUDIO, until the next call.
//
// returns       how many, or 0: it holds none, or something else
uint32_t kws_unpack_audio(const kws_frame* request, const uint8_t** samples);

#endif  // EARSHOT_APP_PROOF_LINE_H_
