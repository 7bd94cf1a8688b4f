// SPDX-License-Identifier: Apache-2.0
// What boards with an RP2040 or an RP2350 share. Most blocks of the two are alike; what differs is in the two
// headers, of which board.json chooses one (-DKWS_RP2350=1).

#ifndef EARSHOT_RP2_H_
#define EARSHOT_RP2_H_

#include "cortexm.h"
#ifdef KWS_RP2350
#include "rp2350.h"
#else
#include "rp2040.h"
#endif

#define RP2_FUNCTION_UART 2u
#define RP2_FUNCTION_SIO 5u  // the processor's own
#define RP2_FUNCTION_PIO0 6u

// Of a pad: what its reset leaves, but its input on, and joined to its pin.
#define RP2_PAD_DIGITAL (1u << 6 | 1u << 4 | 1u << 1)
#define RP2_PAD_PULLED_DOWN (1u << 2)
#define RP2_PAD_PULLED_UP (1u << 3)  // an open receive pin idles high
#define RP2_PAD_ANALOG (1u << 7)     // neither output, nor input, nor pulled

#define RP2_GPIO_CTRL(pin) KWS_REGISTER(RP2_IO_BANK0 + 4u + 8u * (pin))
#define RP2_PADS_GPIO(pin) KWS_REGISTER(RP2_PADS_BANK0 + 4u + 4u * (pin))

// The crystal of 12 MHz, KWS_CORE_HZ for core and peripherals, 48 MHz for ADC and USB; then all blocks that
// the board uses are started anew.
void rp2_start_clocks(void);

// A pin that a block drives or reads.
void rp2_function(uint32_t pin, uint32_t function, uint32_t pad);

// A line of bytes: UART0 on GPIO0 (send) and GPIO1 (receive).
void rp2_uart_start(uint32_t baud);
void rp2_on_uart(void);
void rp2_uart_pump(void);  // as kws_uart_pump() of common/uart.h; and the next three, too
void rp2_uart_send_now(uint8_t byte);
uint32_t rp2_uart_nearest_baud(uint32_t baud);
int rp2_uart_set_baud(uint32_t baud);

// Two channels of the DMA take turns with half-words of a FIFO, for microphones/blocks.h.
//
// fifo          its address
// request       its DREQ
// blocks        one behind the other; each of 2^block_bytes_log2 bytes, and aligned so
void rp2_dma_start(uint32_t fifo, uint32_t request, volatile uint16_t* blocks, uint32_t block_bytes_log2);

// The board's microphone: adc.c or pdm_pio.c.
void rp2_microphone_start(void);
void rp2_on_dma(void);

#endif  // EARSHOT_RP2_H_
