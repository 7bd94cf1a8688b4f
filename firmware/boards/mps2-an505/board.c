// SPDX-License-Identifier: Apache-2.0
// Arm MPS2 with the FPGA image AN505: IoT Kit with Cortex-M33, FPU and DSP extension.
//
// The core starts in Secure state with the SAU off, so everything is Secure; addresses are the
// Secure aliases. Addresses, interrupts, clock: AN505, and hw/arm/mps2-tz.c of QEMU, where this
// was run.

#define MPS_CORE_HZ 20000000u
#define MPS_PERIPHERAL_HZ 20000000u
#define MPS_UART0 0x50200000u
#define MPS_UART0_RECEIVE 32
#define MPS_UART0_SEND 33
#define MPS_LEDS 0x50302000u

#include "mps.h"
