// SPDX-License-Identifier: Apache-2.0
// The board's own microphone, as `proof` hands it to a host: recorded, or listened to.

#ifndef EARSHOT_APP_PROOF_MICROPHONE_H_
#define EARSHOT_APP_PROOF_MICROPHONE_H_

#include "protocol/frame.h"
#include "protocol/transfer.h"

// Takes what the microphone has heard, where somebody wants it. To be called again and again; returns how
// many samples it took, of which more may be there.
size_t kws_proof_hear(kws_transfer* transfer);

// Answers RECORD and LISTEN.
void kws_answer_record(const kws_frame* request);
void kws_answer_listen(const kws_frame* request, kws_transfer* transfer);

#endif  // EARSHOT_APP_PROOF_MICROPHONE_H_
