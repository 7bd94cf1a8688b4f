// SPDX-License-Identifier: Apache-2.0
// EasyDMA keeps the address of the next block in PTR and takes it over when that block starts (event
// STARTED); then PTR may be written anew. An event stays set however often it happens: so a counter, which
// the event reaches without the core, tells how many blocks have started. The block before the last is whole
// if PTR was known at each start since, and what was copied out of it is good if none started meanwhile. All
// else is counted as missed.
//
// PS 4.6 (EasyDMA), 6.16 (PPI), 6.30 (TIMER).

#include "../microphones/ring.h"
#include "cortexm.h"
#include "nrf52.h"

#define TASK_START 0x000u
#define EVENT_STARTED 0x100u
#define INTERRUPT_SET 0x304u
#define MAXCNT_BEHIND_PTR 4u
#define INTERRUPT_STARTED (1u << 0)  // bit 0 of both peripherals

#define TIMER4(offset) KWS_REGISTER(0x4001B000u + (offset))
#define TIMER4_COUNT 0x4001B008u
#define TIMER_START TIMER4(0x000u)
#define TIMER_STOP TIMER4(0x004u)
#define TIMER_CLEAR TIMER4(0x00Cu)
#define TIMER_CAPTURE TIMER4(0x040u)
#define TIMER_MODE TIMER4(0x504u)
#define TIMER_BITS TIMER4(0x508u)
#define TIMER_CAPTURED TIMER4(0x540u)
#define MODE_COUNTER 2u
#define BITS_32 3u

#define PPI(offset) KWS_REGISTER(0x4001F000u + (offset))
#define PPI_ENABLE_SET PPI(0x504u)
#define PPI_EVENT(n) PPI(0x510u + 8u * (n))
#define PPI_TASK(n) PPI(0x514u + 8u * (n))

#define NOWHERE 2u

static volatile int16_t blocks[2][NRF52_BLOCK_SAMPLES] __attribute__((aligned(4)));
static uint32_t started_event, pointer_register;
static uint32_t started;  // blocks, of which the last is being written
static uint32_t writing;  // which of the two it goes to, or NOWHERE that is known
static uint32_t next;     // what PTR says

static uint32_t count_started(void) {
    TIMER_CAPTURE = 1u;
    return TIMER_CAPTURED;
}

static void connect(uint32_t channel, uint32_t event, uint32_t task) {
    PPI_EVENT(channel) = event;
    PPI_TASK(channel) = task;
    PPI_ENABLE_SET = 1u << channel;
}

static void point_to(uint32_t block) {
    next = block;
    KWS_REGISTER(pointer_register) = (uint32_t)(uintptr_t)blocks[block];
}

void nrf52_blocks_start(uint32_t base, uint32_t pointer, uint32_t interrupt, uint32_t restart_event) {
    started_event = base + EVENT_STARTED;
    pointer_register = pointer;
    TIMER_STOP = 1u;
    TIMER_MODE = MODE_COUNTER;
    TIMER_BITS = BITS_32;
    TIMER_CLEAR = 1u;
    TIMER_START = 1u;
    connect(0, started_event, TIMER4_COUNT);
    if (restart_event) connect(1, restart_event, base + TASK_START);
    KWS_REGISTER(started_event) = 0;
    point_to(0);
    KWS_REGISTER(pointer + MAXCNT_BEHIND_PTR) = NRF52_BLOCK_SAMPLES;
    KWS_REGISTER(base + TASK_START) = 1u;
    while (count_started() == 0) continue;
    point_to(1);
    started = count_started();
    writing = started == 1u ? 0 : NOWHERE;
    KWS_REGISTER(base + INTERRUPT_SET) = INTERRUPT_STARTED;
    kws_enable_interrupt(interrupt);
}

void nrf52_blocks_take(void) {
    int16_t copy[NRF52_BLOCK_SAMPLES];
    KWS_REGISTER(started_event) = 0;
    (void)KWS_REGISTER(started_event);  // or the write may come too late to end the interrupt
    for (uint32_t now; (now = count_started()) != started;) {
        const uint32_t whole = writing;
        writing = next;          // where all that started since went
        point_to(writing ^ 1u);  // so `whole` is written to when one more starts
        if (whole != NOWHERE) {
            for (uint32_t i = 0; i < NRF52_BLOCK_SAMPLES; ++i) copy[i] = blocks[whole][i];
        }
        const uint32_t after = count_started();
        const int is_good = whole != NOWHERE && after == now;
        if (after != now) writing = NOWHERE;  // it took over PTR of before or after, nobody knows
        const uint32_t missed = after - started - (is_good ? 1u : 0u);
        started = after;
        if (missed) kws_microphone_missed(missed * NRF52_BLOCK_SAMPLES);
        if (is_good) nrf52_block_heard(copy);
    }
}
