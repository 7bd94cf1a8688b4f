// SPDX-License-Identifier: Apache-2.0
// Sending on a serial line that may take nothing.

#ifndef EARSHOT_APP_LINE_H_
#define EARSHOT_APP_LINE_H_

#include <stddef.h>
#include <stdint.h>

// Sends bytes, all of them, or gives up where the line takes nothing for a second.
void kws_line_send(const uint8_t* bytes, size_t count);

// How often it gave up.
uint32_t kws_line_unsent(void);

#endif  // EARSHOT_APP_LINE_H_
