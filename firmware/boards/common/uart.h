// SPDX-License-Identifier: Apache-2.0
// Between the serial line (serial.c: rings, the HAL) and a UART driver (cmsdk_uart.c, stm32_usart.c).

#ifndef EARSHOT_UART_H_
#define EARSHOT_UART_H_

#include <stdint.h>

// What a driver provides.

// Sends what kws_serial_next_byte() gives while the UART takes it, and arranges to be called
// again by an interrupt when there is more. Called with interrupts masked.
void kws_uart_pump(void);

// Waits for room and sends one byte; for the last words after a fault.
void kws_uart_send_now(uint8_t byte);

// The rate nearest to baud that the UART can run at. A driver without it keeps the rate it began with.
__attribute__((weak)) uint32_t kws_uart_nearest_baud(uint32_t baud);

// Changes the rate where the last byte is out, its stop bit included; returns 1, else 0. Called with
// interrupts masked and nothing left to pump.
__attribute__((weak)) int kws_uart_set_baud(uint32_t baud);
// Of drivers that make the sender wait alone: there is room for received bytes again. Called by the main
// loop.
__attribute__((weak)) void kws_uart_has_room(void);

// What a driver calls, from its interrupt or with interrupts masked.

void kws_serial_received(uint8_t byte);
uint32_t kws_serial_room(void);  // for so many
void kws_serial_overrun(void);
int32_t kws_serial_next_byte(void);  // to send; -1 where there is none

#endif  // EARSHOT_UART_H_
