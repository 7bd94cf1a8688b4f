// SPDX-License-Identifier: Apache-2.0
// The names that kws_label() gives; generated into kws_settings.c.

#ifndef EARSHOT_LABELS_H_
#define EARSHOT_LABELS_H_

#include "kws.h"

#ifdef __cplusplus
extern "C" {
#endif

extern const char* const kws_labels[KWS_LABEL_COUNT];

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_LABELS_H_
