// SPDX-License-Identifier: Apache-2.0
// The UART without DMA of Nordic's nRF51 and nRF52, driver for serial.c.

#ifndef EARSHOT_NORDIC_UART_H_
#define EARSHOT_NORDIC_UART_H_

#include <stdint.h>

#define NORDIC_UART_INTERRUPT 2u

// Starts it on two pins, by their numbers in PSEL, at KWS_UART_BAUD.
void nordic_uart_init(uint32_t send_pin, uint32_t receive_pin);

void nordic_uart_on_interrupt(void);

#endif  // EARSHOT_NORDIC_UART_H_
