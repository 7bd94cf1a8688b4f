// SPDX-License-Identifier: Apache-2.0
// Requests on endpoint 0, those of USB 2.0, 9.4 and of PSTN 1.2, 6.3.

#include "usb_controller.h"

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
#define LINE_CODING_BYTES 7u
#define LONGEST_STRING 31u

static enum { IDLE, REPLYING, RECEIVING, ENDING } stage;
static const uint8_t* reply;
static uint32_t reply_left,
    reply_ends_empty;        // the second: a packet without bytes says that there are no more
static uint32_t data1_of_0;  // BUFFER_DATA1 where the next packet is DATA1
static uint32_t address;     // to be taken when the request has ended
static uint8_t line_coding[LINE_CODING_BYTES] = {LOW_FIRST(KWS_UART_BAUD & 0xFFFFu),
                                                 LOW_FIRST(KWS_UART_BAUD >> 16), 0, 0,
                                                 8};  // 8N1; nothing depends on it
static uint8_t short_reply[2u + 2u * LONGEST_STRING];

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

static void configure(uint32_t value) {
    if (value > CONFIGURATION) return refuse();
    rp2_usb_configure(value);
    accept();
}

// No endpoint is ever halted; but packets are counted anew.
static void unhalt(uint32_t endpoint) {
    if (endpoint == (IN | DATA_ENDPOINT)) rp2_usb_begin_with_data0(TO_HOST);
    if (endpoint == DATA_ENDPOINT) rp2_usb_begin_with_data0(FROM_HOST);
    accept();
}

static void set_interface(uint32_t alternative) {
    if (alternative) return refuse();
    rp2_usb_begin_with_data0(TO_HOST);
    rp2_usb_begin_with_data0(FROM_HOST);
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
            rp2_usb_set_line_state(value);
            return accept();
        case SEND_BREAK:
            return accept();
        default:
            return refuse();
    }
}

static void on_standard_request(uint32_t recipient, uint32_t request, uint32_t value, uint32_t index,
                                uint32_t length) {
    switch (request) {
        case GET_STATUS:
            return answer_byte(0, 2, length);
        case CLEAR_FEATURE:
            return recipient == RECIPIENT_ENDPOINT ? unhalt(index) : refuse();
        case SET_ADDRESS:
            address = value & 0x7Fu;
            return accept();
        case GET_DESCRIPTOR:
            return answer_descriptor(value, length);
        case GET_CONFIGURATION:
            return answer_byte(rp2_usb_configuration(), 1, length);
        case SET_CONFIGURATION:
            return configure(value & 0xFFu);
        case GET_INTERFACE:
            return answer_byte(0, 1, length);
        case SET_INTERFACE:
            return set_interface(value);
        default:
            return refuse();
    }
}

void rp2_usb_forget_request(void) {
    address = 0;
    stage = IDLE;
}

// A request ends whatever was under way on endpoint 0.
void rp2_usb_request(void) {
    const uint32_t low = SETUP_LOW, high = SETUP_HIGH;
    const uint32_t request = low >> 8 & 0xFFu, value = low >> 16, length = high >> 16;
    BUFFER_CONTROL(0, TO_HOST) = 0;
    BUFFER_CONTROL(0, FROM_HOST) = 0;
    USB_BUFFERS = BUFFER_BIT(0, TO_HOST) | BUFFER_BIT(0, FROM_HOST);
    data1_of_0 = BUFFER_DATA1;
    rp2_usb_forget_request();
    if ((low & TYPE_MASK) == TYPE_CLASS) {
        on_class_request(request, value, length);
    } else if ((low & TYPE_MASK) == 0) {
        on_standard_request(low & 0x1Fu, request, value, high & 0xFFFFu, length);
    } else {
        refuse();
    }
}

void rp2_usb_sent_0(void) {
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

void rp2_usb_received_0(void) {
    if (stage == RECEIVING) {
        for (uint32_t i = 0; i < LINE_CODING_BYTES; ++i) line_coding[i] = read_shared(BUFFER_OF_0 + i);
        accept();
    } else {
        stage = IDLE;
    }
}
