// SPDX-License-Identifier: Apache-2.0
// Machine code that copies a program from flash to SRAM and starts it there.

#ifndef EARSHOT_RP2_COPY_H_
#define EARSHOT_RP2_COPY_H_

// r0 points to the table of rp2/sections.ld. A .pool is to follow.
#define KWS_COPY_AND_START                                     \
    "    ldmia r0!, {r1, r2, r3}\n" /* from, to, to its end */ \
    "    mov r4, r2\n"                                         \
    "1:  ldmia r1!, {r5}\n"                                    \
    "    stmia r2!, {r5}\n"                                    \
    "    cmp r2, r3\n"                                         \
    "    blo 1b\n"                                             \
    "    ldr r0, =0xE000ED08\n"                                \
    "    str r4, [r0]\n" /* VTOR: the vectors come first */    \
    "    ldmia r4!, {r0, r1}\n"                                \
    "    msr msp, r0\n"                                        \
    "    bx r1\n"

#endif  // EARSHOT_RP2_COPY_H_
