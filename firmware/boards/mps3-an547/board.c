// SPDX-License-Identifier: Apache-2.0
// Arm MPS3 with the FPGA image AN547: Corstone SSE-300, Cortex-M55 with FPU and MVE.
//
// The core starts in Secure state with the SAU off, so everything is Secure; addresses are the
// Secure aliases. Addresses, interrupts, clocks: AN547, and hw/arm/mps2-tz.c of QEMU, where this
// was run.

#define MPS_CORE_HZ 32000000u
#define MPS_PERIPHERAL_HZ 25000000u
#define MPS_UART0 0x59303000u
#define MPS_UART0_RECEIVE 33
#define MPS_UART0_SEND 34
#define MPS_LEDS 0x59302000u

#include "mps.h"
