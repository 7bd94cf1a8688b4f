// SPDX-License-Identifier: Apache-2.0
// The core, whichever it is: masking interrupts, and waiting for one.

#ifndef EARSHOT_CORE_H_
#define EARSHOT_CORE_H_

#ifdef __riscv
#include "../riscv/riscv.h"
#else
#include "cortexm.h"
#endif

#endif  // EARSHOT_CORE_H_
