// SPDX-License-Identifier: Apache-2.0
// A serial line over USB: a CDC ACM device, as computers know it without a driver of ours.

#ifndef EARSHOT_RP2_USB_H_
#define EARSHOT_RP2_USB_H_

#include <stdint.h>

// Shows the board on the bus. Its clock is on, and its block just out of reset.
void rp2_usb_start(void);
void rp2_on_usb(void);

// Whether a program has the port open: the host configured the board, said DTR, and is awake.
int rp2_usb_is_open(void);

// With interrupts masked: sends what kws_serial_next_byte() gives, if the last packet is gone.
void rp2_usb_pump(void);

// There is room for received bytes again.
void rp2_usb_has_room(void);

// Waits until the last packet is gone, and sends one byte; 0 where nobody takes them. Needs no interrupt.
int rp2_usb_send_now(uint8_t byte);

#endif  // EARSHOT_RP2_USB_H_
