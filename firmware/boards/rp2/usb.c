// SPDX-License-Identifier: Apache-2.0
// The controller is a device at full speed: endpoint 0 for requests, two bulk endpoints for bytes, and one
// that CDC wants and nobody needs. A packet of received bytes for which there is no room stays where it is:
// the host waits.
//
// RP2040 Datasheet, 4.1.2 and 4.1.3 (buffer control), 4.1.4; RP2350 Datasheet, 12.7.

#include "usb.h"

#include "../common/uart.h"
#include "hal.h"
#include "rp2.h"
#include "usb_descriptors.h"

#define USB(offset) KWS_REGISTER(0x50110000u + (offset))
#define USB_ADDRESS USB(0x00u)
#define USB_MAIN USB(0x40u)
#define USB_SIE USB(0x4Cu)
#define USB_STATE USB(0x50u)    // writing 1 clears
#define USB_BUFFERS USB(0x58u)  // of the endpoints, done with; writing 1 clears
#define USB_STALL USB(0x68u)
#define USB_MUXING USB(0x74u)
#define USB_POWER USB(0x78u)
#define USB_ENABLED USB(0x90u)
#define USB_WHY USB(0x98u)

#define SIE_PULLED_UP (1u << 16)
#define SIE_TELLS_EACH_BUFFER_OF_0 (1u << 29)
#define STATE_SUSPENDED (1u << 4)
#define STATE_RESUMED (1u << 11)
#define STATE_SETUP (1u << 17)
#define STATE_BUS_RESET (1u << 19)
#define WHY_BUFFER (1u << 4)
#define WHY_BUS_RESET (1u << 12)
#define WHY_SUSPEND (1u << 14)
#define WHY_RESUME (1u << 15)
#define WHY_SETUP (1u << 16)

// The memory that is shared with the controller.
#define SHARED(offset) KWS_REGISTER(0x50100000u + (offset))
#define SETUP_LOW SHARED(0x00u)
#define SETUP_HIGH SHARED(0x04u)
#define ENDPOINT(n, is_out) SHARED(8u * (n) + 4u * (is_out))
#define BUFFER_CONTROL(n, is_out) SHARED(0x80u + 8u * (n) + 4u * (is_out))
#define BUFFER_BIT(n, is_out) (1u << (2u * (n) + (is_out)))
#define SHARED_BYTES 0x240u  // those that are used
#define BUFFER_OF_0 0x100u
#define NOTIFY_BUFFER 0x180u
#define IN_BUFFER 0x1C0u
#define OUT_BUFFER 0x200u
#define ENDPOINT_ON (1u << 31 | 1u << 29)  // and an interrupt for each buffer
#define ENDPOINT_BULK (2u << 26)
#define ENDPOINT_INTERRUPT (3u << 26)
#define BUFFER_FULL (1u << 15)
#define BUFFER_DATA1 (1u << 13)
#define BUFFER_STALL (1u << 11)
#define BUFFER_AVAILABLE (1u << 10)
#define BUFFER_LENGTH 0x3FFu
enum { TO_HOST, FROM_HOST };  // IN, OUT

// Requests: USB 2.0, 9.4; PSTN 1.2, 6.3.
enum {
    GET_STATUS = 0,
    CLEAR_FEATURE = 1,
    SET_ADDRESS = 5,
    GET_DESCRIPTOR = 6,
    GET_CONFIGURATION = 8,
    SET_CONFIGURATION = 9,
    GET_INTERFACE = 10,
    SET_INTERFACE = 11,
    SET_LINE_CODING = 0x20,
    GET_LINE_CODING = 0x21,
    SET_CONTROL_LINE_STATE = 0x22,
    SEND_BREAK = 0x23,
};
#define TYPE_MASK 0x60u
#define TYPE_CLASS 0x20u
#define RECIPIENT_ENDPOINT 2u
#define DTR 1u
#define FOUR_NOPS "nop\n\tnop\n\tnop\n\tnop\n\t"
#define LINE_CODING_BYTES 7u
#define LONGEST_STRING 31u

static enum { IDLE, REPLYING, RECEIVING, ENDING } stage;  // of the request on endpoint 0
static const uint8_t* reply;
static uint32_t reply_left,
    reply_ends_empty;  // the second: a packet without bytes says that there are no more
static uint32_t data1_of_0, data1_to_host, data1_from_host;  // BUFFER_DATA1 where the next packet is DATA1
static uint32_t address;                                     // to be taken when the request has ended
static volatile uint32_t configuration, line_state, is_suspended;
static volatile uint32_t is_sending, is_last_full, is_packet_waiting;
static uint8_t line_coding[LINE_CODING_BYTES] = {LOW_FIRST(KWS_UART_BAUD & 0xFFFFu),
                                                 LOW_FIRST(KWS_UART_BAUD >> 16), 0, 0,
                                                 8};  // 8N1; nothing depends on it
static uint8_t short_reply[2u + 2u * LONGEST_STRING];

static void write_shared(uint32_t at, const uint8_t* from, uint32_t count) {
    for (uint32_t i = 0; i < count; i += 4) {
        uint32_t word = 0;
        for (uint32_t byte = 0; byte < 4 && i + byte < count; ++byte)
            word |= (uint32_t)from[i + byte] << (8 * byte);
        SHARED(at + i) = word;
    }
}

static uint8_t read_shared(uint32_t at) { return (uint8_t)(SHARED(at & ~3u) >> (8 * (at & 3u))); }

// The controller has a clock of its own: what it must see first is written first (4.1.2.5.1).
static void hand_over(uint32_t endpoint, uint32_t is_out, uint32_t control) {
    BUFFER_CONTROL(endpoint, is_out) = control;
    __asm volatile(FOUR_NOPS FOUR_NOPS FOUR_NOPS::: "memory");
    BUFFER_CONTROL(endpoint, is_out) = control | BUFFER_AVAILABLE;
}

static void send_0(const uint8_t* from, uint32_t count) {
    write_shared(BUFFER_OF_0, from, count);
    hand_over(0, TO_HOST, BUFFER_FULL | data1_of_0 | count);
    data1_of_0 ^= BUFFER_DATA1;
}

static void receive_0(void) {
    hand_over(0, FROM_HOST, data1_of_0 | PACKET_BYTES);
    data1_of_0 ^= BUFFER_DATA1;
}

static void refuse(void) {
    USB_STALL = 3u;  // both directions, until the next request
    BUFFER_CONTROL(0, TO_HOST) = BUFFER_STALL;
    BUFFER_CONTROL(0, FROM_HOST) = BUFFER_STALL;
    stage = IDLE;
}

// The end of a request that sends us something: an empty packet.
static void accept(void) {
    stage = ENDING;
    data1_of_0 = BUFFER_DATA1;
    send_0(0, 0);
}

static void continue_reply(void) {
    const uint32_t count = reply_left < PACKET_BYTES ? reply_left : PACKET_BYTES;
    if (count < PACKET_BYTES) reply_ends_empty = 0;  // the packet itself is short
    send_0(reply, count);
    reply += count;
    reply_left -= count;
}

static void answer(const uint8_t* bytes, uint32_t count, uint32_t asked) {
    reply = bytes;
    reply_left = count < asked ? count : asked;
    reply_ends_empty = reply_left < asked;
    stage = REPLYING;
    continue_reply();
}

static void answer_byte(uint32_t value, uint32_t count, uint32_t asked) {
    short_reply[0] = (uint8_t)value;
    short_reply[1] = 0;
    answer(short_reply, count, asked);
}

static void answer_string(uint32_t index, uint32_t asked) {
    if (index >= STRING_COUNT) return refuse();
    uint32_t count = 2;
    if (index == LANGUAGES) {
        short_reply[count++] = 0x09;  // English (United States)
        short_reply[count++] = 0x04;
    } else {
        for (const char* letter = strings[index]; *letter && count < sizeof short_reply; ++letter) {
            short_reply[count++] = (uint8_t)*letter;
            short_reply[count++] = 0;
        }
    }
    short_reply[0] = (uint8_t)count;
    short_reply[1] = STRING;
    answer(short_reply, count, asked);
}

static void answer_descriptor(uint32_t value, uint32_t asked) {
    switch (value >> 8) {
        case DEVICE:
            return answer(device_descriptor, sizeof device_descriptor, asked);
        case CONFIGURATION_AND_ALL:
            return answer(configuration_descriptor, sizeof configuration_descriptor, asked);
        case STRING:
            return answer_string(value & 0xFFu, asked);
        default:
            return refuse();
    }
}

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

static void configure(uint32_t value) {
    if (value > CONFIGURATION) return refuse();
    close_endpoints();
    configuration = value;
    if (value) {
        ENDPOINT(NOTIFY_ENDPOINT, TO_HOST) = ENDPOINT_ON | ENDPOINT_INTERRUPT | NOTIFY_BUFFER;
        ENDPOINT(DATA_ENDPOINT, TO_HOST) = ENDPOINT_ON | ENDPOINT_BULK | IN_BUFFER;
        ENDPOINT(DATA_ENDPOINT, FROM_HOST) = ENDPOINT_ON | ENDPOINT_BULK | OUT_BUFFER;
        wait_for_packet();
    }
    accept();
}

static void on_class_request(uint32_t request, uint32_t value, uint32_t length) {
    switch (request) {
        case SET_LINE_CODING:
            if (length != LINE_CODING_BYTES) return refuse();
            stage = RECEIVING;
            return receive_0();
        case GET_LINE_CODING:
            return answer(line_coding, sizeof line_coding, length);
        case SET_CONTROL_LINE_STATE:
            line_state = value;
            return accept();
        case SEND_BREAK:
            return accept();
        default:
            return refuse();
    }
}

static void on_standard_request(uint32_t recipient, uint32_t request, uint32_t value, uint32_t length) {
    switch (request) {
        case GET_STATUS:
            return answer_byte(0, 2, length);
        case CLEAR_FEATURE:  // no endpoint is ever halted
            return recipient == RECIPIENT_ENDPOINT ? accept() : refuse();
        case SET_ADDRESS:
            address = value & 0x7Fu;
            return accept();
        case GET_DESCRIPTOR:
            return answer_descriptor(value, length);
        case GET_CONFIGURATION:
            return answer_byte(configuration, 1, length);
        case SET_CONFIGURATION:
            return configure(value & 0xFFu);
        case GET_INTERFACE:
            return answer_byte(0, 1, length);
        case SET_INTERFACE:
            return value ? refuse() : accept();
        default:
            return refuse();
    }
}

// A request ends whatever was under way on endpoint 0.
static void on_setup(void) {
    const uint32_t low = SETUP_LOW, high = SETUP_HIGH;
    const uint32_t request = low >> 8 & 0xFFu, value = low >> 16, length = high >> 16;
    BUFFER_CONTROL(0, TO_HOST) = 0;
    BUFFER_CONTROL(0, FROM_HOST) = 0;
    USB_BUFFERS = BUFFER_BIT(0, TO_HOST) | BUFFER_BIT(0, FROM_HOST);
    data1_of_0 = BUFFER_DATA1;
    address = 0;
    stage = IDLE;
    if ((low & TYPE_MASK) == TYPE_CLASS) {
        on_class_request(request, value, length);
    } else if ((low & TYPE_MASK) == 0) {
        on_standard_request(low & 0x1Fu, request, value, length);
    } else {
        refuse();
    }
}

static void on_sent_0(void) {
    if (stage == REPLYING) {
        if (reply_left || reply_ends_empty) return continue_reply();
        stage = ENDING;
        data1_of_0 = BUFFER_DATA1;
        receive_0();
    } else if (stage == ENDING) {
        if (address) USB_ADDRESS = address;
        address = 0;
        stage = IDLE;
    }
}

static void on_received_0(void) {
    if (stage == RECEIVING) {
        for (uint32_t i = 0; i < LINE_CODING_BYTES; ++i) line_coding[i] = read_shared(BUFFER_OF_0 + i);
        accept();
    } else {
        stage = IDLE;
    }
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
    if (done & BUFFER_BIT(0, TO_HOST)) on_sent_0();
    if (done & BUFFER_BIT(0, FROM_HOST)) on_received_0();
    if (!configuration) return;
    if (done & BUFFER_BIT(DATA_ENDPOINT, TO_HOST)) is_sending = 0;
    if (done & BUFFER_BIT(DATA_ENDPOINT, FROM_HOST)) on_packet();
}

static void on_bus_reset(void) {
    USB_ADDRESS = 0;
    USB_BUFFERS = 0xFFFFFFFFu;
    close_endpoints();
    stage = IDLE;
    address = 0;
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
        on_setup();
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
