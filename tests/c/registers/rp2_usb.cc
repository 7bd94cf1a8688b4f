// SPDX-License-Identifier: Apache-2.0
// firmware/boards/rp2/usb.c and line.c with a USB controller that is made up: memory that is shared, and what
// a host does on the bus. It refuses what the chip would not forgive: a buffer that is handed over in the
// same write that changes it, one that is written while the controller has it, a packet of the wrong kind
// (DATA0, DATA1).

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>

#define KWS_CORE_HZ 125000u  // less to wait
#define KWS_UART_BAUD 115200u
#define _Static_assert static_assert
#include "boards/rp2/line.c"
#include "boards/rp2/usb.c"
#include "boards/rp2/usb_requests.c"

enum { NAK = -1, STALL = -2, NOBODY = -3 };
enum { RECEIVE_ROOM = 4096 };

static std::map<uint32_t, uint32_t> memory;
static uint32_t host_data1[16][2];
static std::deque<uint8_t> received, to_send;
static std::string uart;

static void fail(const char* why) {
    fprintf(stderr, "%s\n", why);
    abort();
}

static uint32_t why_now() {
    const uint32_t state = memory[USB_STATE.address];
    return (memory[USB_BUFFERS.address] ? WHY_BUFFER : 0) | (state & STATE_BUS_RESET ? WHY_BUS_RESET : 0) |
           (state & STATE_SUSPENDED ? WHY_SUSPEND : 0) | (state & STATE_RESUMED ? WHY_RESUME : 0) |
           (state & STATE_SETUP ? WHY_SETUP : 0);
}

static bool is_buffer_control(uint32_t address) {
    return address >= BUFFER_CONTROL(0, 0).address && address <= BUFFER_CONTROL(15, 1).address;
}

static void check_buffer(uint32_t address) {
    if (address >= SHARED(IN_BUFFER).address && address < SHARED(OUT_BUFFER).address &&
        (memory[BUFFER_CONTROL(2, 0).address] & BUFFER_AVAILABLE)) {
        fail("a buffer is written while the controller has it");
    }
}

uint32_t device_read(uint32_t address) { return address == USB_WHY.address ? why_now() : memory[address]; }

void device_write(uint32_t address, uint32_t value) {
    if (address == USB_STATE.address || address == USB_BUFFERS.address) {
        memory[address] &= ~value;
        return;
    }
    if (is_buffer_control(address) && (value & BUFFER_AVAILABLE) &&
        memory[address] != (value & ~BUFFER_AVAILABLE)) {
        fail("a buffer is handed over in the write that changes it");
    }
    check_buffer(address);
    memory[address] = value;
}

uint32_t kws_serial_room(void) { return (uint32_t)(RECEIVE_ROOM - received.size()); }
void kws_serial_received(uint8_t byte) {
    if (received.size() == RECEIVE_ROOM) fail("a byte is received for which there is no room");
    received.push_back(byte);
}
int32_t kws_serial_next_byte(void) {
    if (to_send.empty()) return -1;
    const uint8_t byte = to_send.front();
    to_send.pop_front();
    return byte;
}
void rp2_uart_pump(void) {
    for (int32_t byte; (byte = kws_serial_next_byte()) >= 0;) uart.push_back((char)byte);
}
uint32_t rp2_uart_nearest_baud(uint32_t) { return 0; }
int rp2_uart_set_baud(uint32_t) { return 1; }
void rp2_uart_send_now(uint8_t byte) { uart.push_back((char)byte); }

extern "C" {
// The board.

void device_start(void) {
    rp2_usb_start();
    if (!(memory[USB_SIE.address] & SIE_PULLED_UP) || memory[USB_MAIN.address] != 1u)
        fail("the board is not there");
}

void device_interrupt(void) {
    if (why_now() & memory[USB_ENABLED.address]) rp2_on_usb();
}

void device_say(const uint8_t* bytes, size_t count) {
    to_send.insert(to_send.end(), bytes, bytes + count);
    kws_uart_pump();
}

void device_say_now(uint8_t byte) { kws_uart_send_now(byte); }

size_t device_read_bytes(uint8_t* to, size_t capacity) {
    size_t count = 0;
    for (; count < capacity && !received.empty(); received.pop_front()) to[count++] = received.front();
    kws_uart_has_room();
    return count;
}

size_t device_uart(char* to, size_t capacity) {
    const size_t count = uart.copy(to, capacity);
    uart.clear();
    return count;
}

uint32_t device_address(void) { return memory[USB_ADDRESS.address]; }
int device_is_open(void) { return rp2_usb_is_open(); }

// The host.

void host_reset(void) {
    memory[USB_STATE.address] |= STATE_BUS_RESET;
    for (auto& both : host_data1) both[0] = both[1] = 0;
}

void host_suspend(void) { memory[USB_STATE.address] |= STATE_SUSPENDED; }
void host_resume(void) { memory[USB_STATE.address] |= STATE_RESUMED; }

void host_setup(const uint8_t* bytes) {
    for (uint32_t i = 0; i < 8; i += 4) {
        memory[SHARED(i).address] =
            (uint32_t)(bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | (uint32_t)bytes[i + 3] << 24);
    }
    memory[USB_STATE.address] |= STATE_SETUP;
    memory[USB_STALL.address] = 0;
    host_data1[0][TO_HOST] = host_data1[0][FROM_HOST] = BUFFER_DATA1;
}

void host_status_is_data1(void) { host_data1[0][TO_HOST] = host_data1[0][FROM_HOST] = BUFFER_DATA1; }
void host_data0(uint32_t endpoint) { host_data1[endpoint][TO_HOST] = host_data1[endpoint][FROM_HOST] = 0; }

// One transaction; -1 for NAK, -2 for STALL, else how many bytes went.
int host_transact(uint32_t at, uint32_t endpoint, uint32_t is_out, uint8_t* bytes, uint32_t count) {
    if (at != memory[USB_ADDRESS.address]) return NOBODY;
    uint32_t& control = memory[BUFFER_CONTROL(endpoint, is_out).address];
    if ((control & BUFFER_STALL) && (endpoint || memory[USB_STALL.address])) return STALL;
    if (!(control & BUFFER_AVAILABLE)) return NAK;
    if ((control & BUFFER_DATA1) != host_data1[endpoint][is_out]) fail("DATA0 and DATA1 are mixed up");
    uint32_t buffer = SHARED(BUFFER_OF_0).address;
    if (endpoint) {
        const uint32_t settings = memory[ENDPOINT(endpoint, is_out).address];
        if (!(settings >> 31)) return NAK;
        buffer = SHARED(settings & 0xFFC0u).address;
    }
    const uint32_t length = control & BUFFER_LENGTH;
    if (!is_out && !(control & BUFFER_FULL)) fail("an empty buffer is sent");
    if (is_out && count > length) fail("the host sends more than there is room for");
    if (!is_out) count = length;
    for (uint32_t i = 0; i < count; ++i) {
        uint32_t& word = memory[(buffer + i) & ~3u];
        const uint32_t shift = 8 * (i & 3u);
        if (is_out) {
            word = (word & ~(0xFFu << shift)) | (uint32_t)bytes[i] << shift;
        } else {
            bytes[i] = (uint8_t)(word >> shift);
        }
    }
    control &= ~(BUFFER_AVAILABLE | BUFFER_FULL | BUFFER_LENGTH);
    control |= (is_out ? BUFFER_FULL : 0u) | count;
    memory[USB_BUFFERS.address] |= BUFFER_BIT(endpoint, is_out);
    host_data1[endpoint][is_out] ^= BUFFER_DATA1;
    return (int)count;
}
}
