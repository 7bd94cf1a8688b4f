// SPDX-License-Identifier: Apache-2.0
// This computer as a board: the serial line is standard input and output, so that a program, a
// pipe or a pseudo terminal can be at the other end. The program ends when its input ends.

#define _DEFAULT_SOURCE  // POSIX, and rates above 38,400 baud

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "hal.h"

static struct timespec start;

static int is_ready(int file, short event, int timeout_ms) {
    struct pollfd watched = {.fd = file, .events = event};
    return poll(&watched, 1, timeout_ms) > 0;
}

void kws_hal_init(void) { clock_gettime(CLOCK_MONOTONIC, &start); }

// A terminal has a rate, though a pseudo terminal takes all at once: who makes a line of it sends at that
// rate. A pipe has none.
static const struct {
    uint32_t baud;
    speed_t speed;
} rates[] = {
    {115200u, B115200}, {230400u, B230400},
#ifdef B2000000  // of Linux
    {460800u, B460800}, {921600u, B921600}, {1000000u, B1000000}, {2000000u, B2000000},
#endif
};
#define BYTE_US 10000000u  // of a byte, ten bits, at 1 baud
#define LATE_US 20000u     // that who makes a line of a pseudo terminal may be
#define RATES (sizeof rates / sizeof rates[0])

// The fastest that is not above baud, else the slowest.
static size_t rate_of(uint32_t wanted) {
    size_t rate = RATES - 1;
    while (rate > 0 && rates[rate].baud > wanted) --rate;
    return rate;
}

static uint32_t baud = 115200u;
static uint64_t sent_us;  // when all that was written is out

static uint64_t clock_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)((now.tv_sec - start.tv_sec) * 1000000 + (now.tv_nsec - start.tv_nsec) / 1000);
}

static void note_sent(size_t count) {
    const uint64_t now_us = clock_us();
    sent_us = (sent_us > now_us ? sent_us : now_us) + count * BYTE_US / baud;
}

uint32_t kws_hal_serial_nearest_baud(uint32_t wanted) {
    return isatty(STDIN_FILENO) ? rates[rate_of(wanted)].baud : 0;
}

int kws_hal_serial_set_baud(uint32_t wanted) {
    struct termios line;
    const size_t rate = rate_of(wanted);
    const speed_t speed = rates[rate].speed;
    if (clock_us() < sent_us + LATE_US) return 0;
    if (tcgetattr(STDIN_FILENO, &line) || cfsetispeed(&line, speed) || cfsetospeed(&line, speed)) return 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &line)) return 0;
    baud = rates[rate].baud;
    return 1;
}

uint32_t kws_hal_clock_ms(void) { return (uint32_t)(clock_us() / 1000u); }

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
    if (taken >= 0) {
        note_sent((size_t)taken);
        return (size_t)taken;
    }
    if (errno == EINTR || errno == EAGAIN) return 0;
    perror("earshot: cannot write to standard output");
    exit(1);
}

uint32_t kws_hal_serial_lost(void) { return 0; }  // pipes and terminals make the sender wait

void kws_hal_idle(void) { is_ready(STDIN_FILENO, POLLIN, 1); }

void kws_hal_led(int on) { (void)on; }

void kws_hal_stop(void) { exit(0); }

// The same process and the same line, from the beginning. Only Linux has that path.
void kws_hal_reset(void) {
    execl("/proc/self/exe", "earshot", (char*)NULL);
    perror("earshot: cannot start again");
    exit(1);
}
