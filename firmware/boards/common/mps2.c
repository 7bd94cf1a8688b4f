// SPDX-License-Identifier: Apache-2.0
// Arm MPS2 with an FPGA image that has the memory map of AN385: AN385 (Cortex-M3), AN386
// (Cortex-M4), AN500 (Cortex-M7). Addresses, interrupts: those application notes, and
// hw/arm/mps2.c of QEMU, where this was run.

#define MPS_CORE_HZ 25000000u
#define MPS_PERIPHERAL_HZ 25000000u
#define MPS_UART0 0x40004000u
#define MPS_UART0_RECEIVE 0
#define MPS_UART0_SEND 1
#define MPS_LEDS 0x40028000u

#include "mps.h"
