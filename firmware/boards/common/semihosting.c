// SPDX-License-Identifier: Apache-2.0
// With KWS_SEMIHOSTING, which stands for an emulator that answers: on silicon without a debugger, the first
// call is a fault.

#include "semihosting.h"

#ifndef KWS_SEMIHOSTING

int kws_semihosting_read(const char* path, size_t path_bytes, uint32_t offset, uint8_t* bytes, size_t count) {
    (void)path;
    (void)path_bytes;
    (void)offset;
    (void)bytes;
    (void)count;
    return KWS_SEMIHOSTING_ABSENT;
}

#else

#include <string.h>

// Arm, "Semihosting for AArch32 and AArch64": numbers of the calls, and the mode of fopen() "rb".
#define SYS_OPEN 0x01u
#define SYS_CLOSE 0x02u
#define SYS_READ 0x06u
#define SYS_SEEK 0x0Au
#define MODE_READ_BINARY 1u

static char open_path[KWS_SEMIHOSTING_PATH_BYTES + 1];  // "" where no file is open
static size_t open_path_bytes;
static uint32_t handle;

#ifdef __riscv
// RISC-V International, "RISC-V Semihosting": these three, not compressed and in one page, are the call.
static int32_t call(uint32_t number, const uint32_t* arguments) {
    register uint32_t a0 __asm("a0") = number;
    register const uint32_t* a1 __asm("a1") = arguments;
    __asm volatile(
        ".option push\n\t.option norvc\n\t.balign 16\n\t"
        "slli zero, zero, 0x1f\n\tebreak\n\tsrai zero, zero, 7\n\t.option pop"
        : "+r"(a0)
        : "r"(a1)
        : "memory");
    return (int32_t)a0;
}
#else
static int32_t call(uint32_t number, const uint32_t* arguments) {
    register uint32_t r0 __asm("r0") = number;
    register const uint32_t* r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return (int32_t)r0;
}
#endif

static int open_file(const char* path, size_t path_bytes) {
    if (path_bytes > KWS_SEMIHOSTING_PATH_BYTES) return 0;
    if (open_path_bytes > 0 && path_bytes == open_path_bytes && memcmp(path, open_path, path_bytes) == 0)
        return 1;
    if (open_path_bytes > 0) call(SYS_CLOSE, (const uint32_t[]){handle});
    open_path_bytes = 0;
    memcpy(open_path, path, path_bytes);
    open_path[path_bytes] = '\0';
    const int32_t opened = call(
        SYS_OPEN, (const uint32_t[]){(uint32_t)(uintptr_t)open_path, MODE_READ_BINARY, (uint32_t)path_bytes});
    if (opened < 0) return 0;
    handle = (uint32_t)opened;
    open_path_bytes = path_bytes;
    return 1;
}

int kws_semihosting_read(const char* path, size_t path_bytes, uint32_t offset, uint8_t* bytes, size_t count) {
    if (!open_file(path, path_bytes)) return KWS_SEMIHOSTING_FILE;
    if (call(SYS_SEEK, (const uint32_t[]){handle, offset}) != 0) return KWS_SEMIHOSTING_FILE;
    const int32_t missing =
        call(SYS_READ, (const uint32_t[]){handle, (uint32_t)(uintptr_t)bytes, (uint32_t)count});
    return missing == 0 ? 0 : KWS_SEMIHOSTING_FILE;
}

#endif  // KWS_SEMIHOSTING
