// SPDX-License-Identifier: Apache-2.0
// The USB controller: registers, the memory that it shares with the core, and what usb.c and usb_requests.c
// are for each other.
//
// RP2040 Datasheet, 4.1.2 and 4.1.3 (buffer control), 4.1.4; RP2350 Datasheet, 12.7.

#ifndef EARSHOT_RP2_USB_CONTROLLER_H_
#define EARSHOT_RP2_USB_CONTROLLER_H_

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

#define FOUR_NOPS "nop\n\tnop\n\tnop\n\tnop\n\t"

static inline void write_shared(uint32_t at, const uint8_t* from, uint32_t count) {
    for (uint32_t i = 0; i < count; i += 4) {
        uint32_t word = 0;
        for (uint32_t byte = 0; byte < 4 && i + byte < count; ++byte)
            word |= (uint32_t)from[i + byte] << (8 * byte);
        SHARED(at + i) = word;
    }
}

static inline uint8_t read_shared(uint32_t at) { return (uint8_t)(SHARED(at & ~3u) >> (8 * (at & 3u))); }

// The controller has a clock of its own: what it must see first is written first (4.1.2.5.1).
static inline void hand_over(uint32_t endpoint, uint32_t is_out, uint32_t control) {
    BUFFER_CONTROL(endpoint, is_out) = control;
    __asm volatile(FOUR_NOPS FOUR_NOPS FOUR_NOPS::: "memory");
    BUFFER_CONTROL(endpoint, is_out) = control | BUFFER_AVAILABLE;
}

// Endpoint 0, in usb_requests.c.
void rp2_usb_request(void);  // a request came; it ends whatever was under way
void rp2_usb_sent_0(void);
void rp2_usb_received_0(void);
void rp2_usb_forget_request(void);

// The endpoints of bytes, in usb.c.
void rp2_usb_configure(uint32_t value);  // 0: nothing but endpoint 0 is there
uint32_t rp2_usb_configuration(void);
void rp2_usb_set_line_state(uint32_t value);
void rp2_usb_begin_with_data0(uint32_t is_out);  // as after each request that says so

#endif  // EARSHOT_RP2_USB_CONTROLLER_H_
