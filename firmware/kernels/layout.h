// SPDX-License-Identifier: Apache-2.0
// The structs of all kernels as one number: a generated engine.c gives their fields by position, and refuses
// to compile where it was made for others. Who changes a struct changes this;
// tests/unit/codegen/test_structs.py says to what.

#ifndef EARSHOT_KERNELS_LAYOUT_H_
#define EARSHOT_KERNELS_LAYOUT_H_

#define KWS_LAYOUT 0x33149CEAu

#endif  // EARSHOT_KERNELS_LAYOUT_H_
