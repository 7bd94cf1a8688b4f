// SPDX-License-Identifier: Apache-2.0
// Answers to requests, put together in one place for all files of `proof`.

#ifndef EARSHOT_APP_REPLY_H_
#define EARSHOT_APP_REPLY_H_

#include "protocol/frame.h"
#include "protocol/message.h"

// What is being put together; empty after each that was sent.
extern kws_payload kws_reply;

// Sends it.
void kws_reply_send(uint8_t type, uint8_t sequence);

// Says no, and why.
void kws_refuse(const kws_frame* request, uint8_t code, const char* text);

#endif  // EARSHOT_APP_REPLY_H_
