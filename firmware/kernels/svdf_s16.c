// SPDX-License-Identifier: Apache-2.0
#define KWS_SVDF kws_svdf_s16
#define KWS_STATE int16_t
#include "svdf_body.h"
