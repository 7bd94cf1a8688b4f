// SPDX-License-Identifier: Apache-2.0
// The first 256 bytes of flash, which the boot ROM of the RP2040 copies to SRAM and runs if their CRC is
// right (RP2040 Datasheet, 2.8.1.3 "Flash Second Stage").
//
// They copy the program to SRAM and start it there: nothing runs from flash, whose cache would make times
// depend on what ran before. So the slowest read command will do, which every flash has: 03h, serial, at
// clk_sys / 4. Which part goes where says a table behind, that memory.ld makes: the same 256 bytes fit every
// program.
//
// SSI registers: RP2040 Datasheet, 4.10.13. SSIENR is at 8, BAUDR at 14h, CTRLR0 at 0, CTRLR1 at 4,
// SPI_CTRLR0 at F4h. A read is one frame of 32 bits (DFS_32 = 31, TMOD = 3) behind an instruction of 8 bits
// and an address of 24.

#include "../rp2/copy.h"

__asm__(
    ".syntax unified\n"
    ".section .boot2, \"ax\"\n"
    ".thumb\n"
    ".global kws_boot2\n"
    ".type kws_boot2, %function\n"
    "kws_boot2:\n"
    "    ldr r3, =0x18000000\n"
    "    movs r0, #0\n"
    "    str r0, [r3, #0x08]\n"  // off
    "    movs r1, #4\n"
    "    str r1, [r3, #0x14]\n"
    "    ldr r1, =0x001F0300\n"
    "    str r1, [r3, #0x00]\n"
    "    str r0, [r3, #0x04]\n"
    "    ldr r1, =0x03000218\n"
    "    ldr r2, =0x180000F4\n"
    "    str r1, [r2]\n"
    "    movs r1, #1\n"
    "    str r1, [r3, #0x08]\n"  // on
    "    ldr r0, =0x10000100\n" KWS_COPY_AND_START
    "    .pool\n"
    "    .org 252\n"
    "    .word 0x8D62BAE5\n"
    "    .text\n");
