// SPDX-License-Identifier: Apache-2.0
// The parts of the board, and what its files share of the RP2040. Registers: RP2040 Datasheet, build
// 2023-06-14; each file names the sections.

#ifndef EARSHOT_RP2040_H_
#define EARSHOT_RP2040_H_

#include "cortexm.h"

#define ADC_HZ 48000000u

#define DMA_INTERRUPT 11u
#define UART0_INTERRUPT 20u

// 2.14: blocks in reset, one bit each.
#define RESETS_RESET KWS_REGISTER(0x4000C000u)
#define RESETS_DONE KWS_REGISTER(0x4000C008u)
#define RESET_ADC (1u << 0)
#define RESET_DMA (1u << 2)
#define RESET_IO_BANK0 (1u << 5)
#define RESET_PADS_BANK0 (1u << 8)
#define RESET_PLL_SYS (1u << 12)
#define RESET_PLL_USB (1u << 13)
#define RESET_UART0 (1u << 22)

// 2.19.6: what a pin is for. 5 is the processor's own, 2 the UART's.
#define GPIO_CTRL(pin) KWS_REGISTER(0x40014004u + 8u * (pin))
#define PADS_GPIO(pin) KWS_REGISTER(0x4001C004u + 4u * (pin))

void rp2040_uart_start(uint32_t baud);
void rp2040_on_uart(void);

// 12 bits of GPIO26 (ADC0), 16,000 times a second, to the ring of microphones/ring.h.
void rp2040_adc_start(void);
void rp2040_on_dma(void);

#endif  // EARSHOT_RP2040_H_
