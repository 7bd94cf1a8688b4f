// SPDX-License-Identifier: Apache-2.0
// The serial half of the HAL on a microcontroller: a ring for each direction between main loop and interrupt.

#include <stddef.h>

#include "core.h"
#include "hal.h"
#include "uart.h"

// At 921,600 baud the receive ring holds what comes in 44 ms, longer than an inference may take.
#define RECEIVE_BYTES KWS_HAL_RECEIVE_BYTES
#define SEND_BYTES 1024u

// Positions count up and wrap around with uint32_t, for which the sizes must be powers of two;
// head - tail is the fill. One side moves head, the other tail: no lock is needed.
static uint8_t received[RECEIVE_BYTES];
static volatile uint32_t received_head, received_tail;
static uint8_t to_send[SEND_BYTES];
static volatile uint32_t to_send_head, to_send_tail;
static volatile uint32_t lost;

void kws_serial_received(uint8_t byte) {
    const uint32_t head = received_head;
    if (head - received_tail == RECEIVE_BYTES) {
        lost = lost + 1;
        return;
    }
    received[head % RECEIVE_BYTES] = byte;
    received_head = head + 1;
}

uint32_t kws_serial_room(void) { return RECEIVE_BYTES - (received_head - received_tail); }

void kws_serial_overrun(void) { lost = lost + 1; }

int32_t kws_serial_next_byte(void) {
    const uint32_t tail = to_send_tail;
    if (tail == to_send_head) return -1;
    to_send_tail = tail + 1;
    return to_send[tail % SEND_BYTES];
}

size_t kws_hal_serial_read(uint8_t* bytes, size_t capacity) {
    size_t count = 0;
    uint32_t tail = received_tail;
    const uint32_t head = received_head;
    while (count < capacity && tail != head) bytes[count++] = received[tail++ % RECEIVE_BYTES];
    __asm volatile("" ::: "memory");  // the bytes are read before their places are given back
    received_tail = tail;
    if (kws_uart_has_room) kws_uart_has_room();
    return count;
}

size_t kws_hal_serial_write(const uint8_t* bytes, size_t count) {
    const uint32_t mask = kws_mask_interrupts();
    uint32_t head = to_send_head;
    size_t taken = 0;
    while (taken < count && head - to_send_tail < SEND_BYTES) to_send[head++ % SEND_BYTES] = bytes[taken++];
    to_send_head = head;
    kws_uart_pump();
    kws_restore_interrupts(mask);
    return taken;
}

uint32_t kws_hal_serial_lost(void) { return lost; }

uint32_t kws_hal_serial_nearest_baud(uint32_t baud) {
    return kws_uart_nearest_baud ? kws_uart_nearest_baud(baud) : 0;
}

int kws_hal_serial_set_baud(uint32_t baud) {
    const uint32_t mask = kws_mask_interrupts();
    const int is_set = to_send_tail == to_send_head && kws_uart_set_baud(baud);
    kws_restore_interrupts(mask);
    return is_set;
}

// A masked interrupt still ends the wait. So between the look at the ring and the sleep no byte can
// slip in unseen.
void kws_hal_idle(void) {
    const uint32_t mask = kws_mask_interrupts();
    if (received_head == received_tail) kws_wait_for_interrupt();
    kws_restore_interrupts(mask);  // takes the interrupt here
}
