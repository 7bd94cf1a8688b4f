// SPDX-License-Identifier: Apache-2.0
// What the boot ROM of the RP2350 wants of an image in flash: vectors at its start, which it takes stack and
// entry from, and within the first 4 kB a block that says what the image is (RP2350 Datasheet, 5.1.4, 5.9,
// "minimum Arm IMAGE_DEF" in 5.9.5). Then it reads flash by itself, and the entry copies the program to SRAM:
// as the Pico's boot2.c does, times shall not depend on a cache.

#include "../rp2/copy.h"

__asm__(
    ".syntax unified\n"
    ".section .boot, \"ax\"\n"
    ".thumb\n"
    ".global kws_boot\n"
    ".type kws_boot, %function\n"
    "    .word kws_stack_top\n"
    "    .word kws_boot\n"
    "    .word 0xFFFFDED3\n"  // a block begins
    "    .word 0x10210142\n"  // type of image (42h), one word: RP2350 (1), Arm (0), Secure (2), a program (1)
    "    .word 0x000001FF\n"  // the last item (FFh), behind one word of items
    "    .word 0\n"           // to the next block: there is no other
    "    .word 0xAB123579\n"  // it ends
    "kws_boot:\n"
    "    cpsid i\n"  // the vectors in flash have no handlers
    "    movs r0, #0\n"
    "    msr msplim, r0\n"  // the stack of what comes is not that of the boot ROM
    "    ldr r0, =kws_copy_table\n" KWS_COPY_AND_START
    "    .pool\n"
    "    .text\n");
