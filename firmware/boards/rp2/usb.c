// SPDX-License-Identifier: Apache-2.0
// The controller is a device at full speed: endpoint 0 for requests, two bulk endpoints for bytes, and one
// that CDC wants and nobody needs. A packet of received bytes for which there is no room stays where it is:
// the host waits.

#include "usb.h"

#include "../common/uart.h"
#include "usb_controller.h"

#define DTR 1u

static uint32_t data1_to_host, data1_from_host;  // BUFFER_DATA1 where the next packet is DATA1
static volatile uint32_t configuration, line_state, is_suspended;
static volatile uint32_t is_sending, is_last_full, is_packet_waiting;

static void wait_for_packet(void) {
    hand_over(DATA_ENDPOINT, FROM_HOST, data1_from_host | PACKET_BYTES);
    data1_from_host ^= BUFFER_DATA1;
}

static void close_endpoints(void) {
    configuration = line_state = 0;
    is_sending = is_last_full = is_packet_waiting = 0;
    data1_to_host = data1_from_host = 0;
    for (uint32_t is_out = TO_HOST; is_out <= FROM_HOST; ++is_out) {
        BUFFER_CONTROL(NOTIFY_ENDPOINT, is_out) = 0;
        BUFFER_CONTROL(DATA_ENDPOINT, is_out) = 0;
    }
}

void rp2_usb_configure(uint32_t value) {
    close_endpoints();
    configuration = value;
    if (!value) return;
    ENDPOINT(NOTIFY_ENDPOINT, TO_HOST) = ENDPOINT_ON | ENDPOINT_INTERRUPT | NOTIFY_BUFFER;
    ENDPOINT(DATA_ENDPOINT, TO_HOST) = ENDPOINT_ON | ENDPOINT_BULK | IN_BUFFER;
    ENDPOINT(DATA_ENDPOINT, FROM_HOST) = ENDPOINT_ON | ENDPOINT_BULK | OUT_BUFFER;
    wait_for_packet();
}

uint32_t rp2_usb_configuration(void) { return configuration; }

void rp2_usb_set_line_state(uint32_t value) { line_state = value; }

// A packet that the controller has already was DATA1, maybe.
void rp2_usb_begin_with_data0(uint32_t is_out) {
    if (!configuration) return;
    if (is_out) {
        data1_from_host = 0;
        if (!is_packet_waiting) wait_for_packet();
        return;
    }
    data1_to_host = 0;
    if (!is_sending) return;
    hand_over(DATA_ENDPOINT, TO_HOST, BUFFER_FULL | (BUFFER_CONTROL(DATA_ENDPOINT, TO_HOST) & BUFFER_LENGTH));
    data1_to_host = BUFFER_DATA1;
}

static void on_packet(void) {
    const uint32_t count = BUFFER_CONTROL(DATA_ENDPOINT, FROM_HOST) & BUFFER_LENGTH;
    is_packet_waiting = kws_serial_room() < count;
    if (is_packet_waiting) return;
    for (uint32_t i = 0; i < count; ++i) kws_serial_received(read_shared(OUT_BUFFER + i));
    wait_for_packet();
}

static void on_buffers(void) {
    const uint32_t done = USB_BUFFERS;
    USB_BUFFERS = done;
    if (done & BUFFER_BIT(0, TO_HOST)) rp2_usb_sent_0();
    if (done & BUFFER_BIT(0, FROM_HOST)) rp2_usb_received_0();
    if (!configuration) return;
    if (done & BUFFER_BIT(DATA_ENDPOINT, TO_HOST)) is_sending = 0;
    if (done & BUFFER_BIT(DATA_ENDPOINT, FROM_HOST)) on_packet();
}

static void on_bus_reset(void) {
    USB_ADDRESS = 0;
    USB_BUFFERS = 0xFFFFFFFFu;
    close_endpoints();
    rp2_usb_forget_request();
}

void rp2_on_usb(void) {
    const uint32_t why = USB_WHY, state = USB_STATE;
    is_suspended = why == WHY_SUSPEND && (state & STATE_SUSPENDED);  // it also tells when that ends
    if (why & WHY_BUS_RESET) {
        USB_STATE = STATE_BUS_RESET;
        on_bus_reset();
    } else if (why & WHY_BUFFER) {
        on_buffers();
    }
    if (why & WHY_SETUP) {
        USB_STATE = STATE_SETUP;
        rp2_usb_request();
    }
    if (why & WHY_RESUME) USB_STATE = STATE_RESUMED;
    if (why & WHY_SUSPEND) USB_STATE = STATE_SUSPENDED;
    kws_uart_pump();  // a packet is gone, or another line's turn has come
}

int rp2_usb_is_open(void) { return configuration && (line_state & DTR) && !is_suspended; }

// A packet that is full does not end what the host waits for: one that is not, maybe empty, does.
void rp2_usb_pump(void) {
    if (is_sending) return;
    uint8_t packet[PACKET_BYTES];
    uint32_t count = 0;
    for (int32_t byte; count < PACKET_BYTES && (byte = kws_serial_next_byte()) >= 0;)
        packet[count++] = (uint8_t)byte;
    if (count == 0 && !is_last_full) return;
    is_last_full = count == PACKET_BYTES;
    is_sending = 1;
    write_shared(IN_BUFFER, packet, count);
    hand_over(DATA_ENDPOINT, TO_HOST, BUFFER_FULL | data1_to_host | count);
    data1_to_host ^= BUFFER_DATA1;
}

void rp2_usb_has_room(void) {
    if (!is_packet_waiting) return;
    const uint32_t mask = kws_mask_interrupts();
    if (is_packet_waiting) on_packet();
    kws_restore_interrupts(mask);
}

int rp2_usb_send_now(uint8_t byte) {
    const uint32_t sent = BUFFER_BIT(DATA_ENDPOINT, TO_HOST);
    for (uint32_t looks = 0; is_sending; ++looks) {
        if (looks == KWS_CORE_HZ / 100u) return 0;
        if (!(USB_BUFFERS & sent)) continue;
        USB_BUFFERS = sent;
        is_sending = 0;
    }
    write_shared(IN_BUFFER, &byte, 1);
    is_sending = 1;
    hand_over(DATA_ENDPOINT, TO_HOST, BUFFER_FULL | data1_to_host | 1u);
    data1_to_host ^= BUFFER_DATA1;
    return 1;
}

void rp2_usb_start(void) {
    for (uint32_t at = 0; at < SHARED_BYTES; at += 4) SHARED(at) = 0;
    USB_MUXING = 1u << 3 | 1u << 0;  // to the pins of the USB
    USB_POWER = 1u << 3 | 1u << 2;   // as if fed by the bus, of which no pin tells
    USB_MAIN = 1u;                   // on, as a device
    USB_SIE = SIE_TELLS_EACH_BUFFER_OF_0;
    USB_ENABLED = WHY_BUFFER | WHY_BUS_RESET | WHY_SUSPEND | WHY_RESUME | WHY_SETUP;
    kws_enable_interrupt(RP2_USB_INTERRUPT);
    USB_SIE = SIE_TELLS_EACH_BUFFER_OF_0 | SIE_PULLED_UP;
}
