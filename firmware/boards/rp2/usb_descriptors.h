// SPDX-License-Identifier: Apache-2.0
// What the board says of itself on the USB. USB 2.0, 9.5 and 9.6; CDC 1.2, 5.2; PSTN 1.2, 5.3.
//
// Vendor and product are those of board.json. 1209:0001 to 1209:0010 are pid.codes' own for private testing:
// not unique, and not to be on any device that is redistributed, sold or manufactured. Who does that needs an
// id of their own.

#ifndef EARSHOT_RP2_USB_DESCRIPTORS_H_
#define EARSHOT_RP2_USB_DESCRIPTORS_H_

#include <stdint.h>

#define PACKET_BYTES 64u
#define NOTIFY_ENDPOINT 1u
#define DATA_ENDPOINT 2u
#define CONFIGURATION 1u

enum descriptor { DEVICE = 1, CONFIGURATION_AND_ALL = 2, STRING = 3 };
enum string { LANGUAGES, MANUFACTURER, PRODUCT, STRING_COUNT };

#define LOW_FIRST(value) (uint8_t)((value) & 0xFFu), (uint8_t)((value) >> 8)
#define IN 0x80u

#define USB_2_0 18, DEVICE, LOW_FIRST(0x0200)
#define COMMUNICATIONS 2, 0, 0, PACKET_BYTES  // class, subclass, protocol; a packet of endpoint 0
#define NAMED LOW_FIRST(0x0100), MANUFACTURER, PRODUCT, 0  // release; no serial number

static const uint8_t device_descriptor[] = {
    USB_2_0, COMMUNICATIONS, LOW_FIRST(KWS_USB_VENDOR), LOW_FIRST(KWS_USB_PRODUCT), NAMED, CONFIGURATION,
};

#define ALL_BYTES 67u
#define FED_BY_THE_BUS 0x80, 50  // 100 mA
#define TWO_INTERFACES 9, CONFIGURATION_AND_ALL, LOW_FIRST(ALL_BYTES), 2, CONFIGURATION, 0, FED_BY_THE_BUS
#define ACM_INTERFACE 9, 4, 0, 0, 1, 2, 2, 0, 0
#define CDC_1_2 5, 0x24, 0, LOW_FIRST(0x0120)
#define CALLS_ARE_NOT_MANAGED 5, 0x24, 1, 0, 1
#define LINE_CODING_AND_STATE 4, 0x24, 2, 2
#define UNION_OF_0_AND_1 5, 0x24, 6, 0, 1
#define NOTIFICATIONS 7, 5, IN | NOTIFY_ENDPOINT, 3, LOW_FIRST(8), 16  // interrupt; there are none
#define DATA_INTERFACE 9, 4, 1, 0, 2, 10, 0, 0, 0
#define BULK(endpoint) 7, 5, endpoint, 2, LOW_FIRST(PACKET_BYTES), 0

static const uint8_t configuration_descriptor[] = {
    TWO_INTERFACES,   ACM_INTERFACE, CDC_1_2,        CALLS_ARE_NOT_MANAGED, LINE_CODING_AND_STATE,
    UNION_OF_0_AND_1, NOTIFICATIONS, DATA_INTERFACE, BULK(DATA_ENDPOINT),   BULK(IN | DATA_ENDPOINT),
};

_Static_assert(sizeof device_descriptor == 18, "a device descriptor has 18 bytes");
_Static_assert(sizeof configuration_descriptor == ALL_BYTES, "the configuration tells its own length");

static const char* const strings[STRING_COUNT] = {0, "Earshot", KWS_BOARD_ID};

#endif  // EARSHOT_RP2_USB_DESCRIPTORS_H_
