// SPDX-License-Identifier: Apache-2.0
#define KWS_SVDF kws_svdf_s8
#define KWS_STATE int8_t
#include "svdf_body.h"
