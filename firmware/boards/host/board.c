// SPDX-License-Identifier: Apache-2.0
// This computer as a board: the serial line is standard input and output, so that a program, a
// pipe or a pseudo terminal can be at the other end. The program ends when its input ends.

#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "hal.h"

static struct timespec start;

static int is_ready(int file, short event, int timeout_ms) {
    struct pollfd watched = {.fd = file, .events = event};
    return poll(&watched, 1, timeout_ms) > 0;
}

void kws_hal_init(void) { clock_gettime(CLOCK_MONOTONIC, &start); }

size_t kws_hal_serial_read(uint8_t* bytes, size_t capacity) {
    if (capacity == 0 || !is_ready(STDIN_FILENO, POLLIN, 0)) return 0;
    const ssize_t count = read(STDIN_FILENO, bytes, capacity);
    if (count > 0) return (size_t)count;
    if (count < 0 && errno == EINTR) return 0;
    exit(0);
}

size_t kws_hal_serial_write(const uint8_t* bytes, size_t count) {
    if (!is_ready(STDOUT_FILENO, POLLOUT, 0)) return 0;
    const ssize_t taken = write(STDOUT_FILENO, bytes, count);
    if (taken >= 0) return (size_t)taken;
    if (errno == EINTR || errno == EAGAIN) return 0;
    perror("earshot: cannot write to standard output");
    exit(1);
}

uint32_t kws_hal_serial_lost(void) { return 0; }  // pipes and terminals make the sender wait

uint32_t kws_hal_clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000);
}

void kws_hal_idle(void) { is_ready(STDIN_FILENO, POLLIN, 1); }

void kws_hal_led(int on) { (void)on; }

void kws_hal_stop(void) { exit(0); }

// The same process and the same line, from the beginning. Only Linux has that path.
void kws_hal_reset(void) {
    execl("/proc/self/exe", "earshot", (char*)NULL);
    perror("earshot: cannot start again");
    exit(1);
}
