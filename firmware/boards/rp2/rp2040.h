// SPDX-License-Identifier: Apache-2.0
// What the RP2040 has of its own. RP2040 Datasheet, build 2023-06-14; the sections are named.

#ifndef EARSHOT_RP2040_H_
#define EARSHOT_RP2040_H_

// 2.2
#define RP2_CLOCKS 0x40008000u
#define RP2_RESETS 0x4000C000u
#define RP2_IO_BANK0 0x40014000u
#define RP2_PADS_BANK0 0x4001C000u
#define RP2_XOSC 0x40024000u
#define RP2_PLL_SYS 0x40028000u
#define RP2_PLL_USB 0x4002C000u
#define RP2_UART0 0x40034000u
#define RP2_ADC 0x4004C000u

// 2.3.2
#define RP2_USB_INTERRUPT 5
#define RP2_DMA_INTERRUPT 11
#define RP2_UART0_INTERRUPT 20

// 2.14: blocks in reset, one bit each.
#define RP2_RESET_ADC (1u << 0)
#define RP2_RESET_DMA (1u << 2)
#define RP2_RESET_IO_BANK0 (1u << 5)
#define RP2_RESET_PADS_BANK0 (1u << 8)
#define RP2_RESET_PIO0 (1u << 10)
#define RP2_RESET_PLL_SYS (1u << 12)
#define RP2_RESET_PLL_USB (1u << 13)
#define RP2_RESET_UART0 (1u << 22)
#define RP2_RESET_USB (1u << 24)

// 2.15.7: CLK_USB_CTRL, CLK_ADC_CTRL
#define RP2_CLK_USB_CTRL 0x54u
#define RP2_CLK_ADC_CTRL 0x60u

// 2.18: 12 MHz * 125 / (6 * 2) = 125 MHz
#define RP2_PLL_SYS_POST1 6u
#define RP2_PLL_SYS_POST2 2u

// 2.3.1.7
#define RP2_GPIO_OUT_SET KWS_REGISTER(0xD0000014u)
#define RP2_GPIO_OUT_CLEAR KWS_REGISTER(0xD0000018u)
#define RP2_GPIO_ENABLE_SET KWS_REGISTER(0xD0000024u)

// 2.5.3.1, and fields of CHx_CTRL, 2.5.7
#define RP2_DREQ_PIO0_RX0 4u
#define RP2_DREQ_ADC 36u
#define RP2_DMA_BUSY (1u << 24)
#define RP2_DMA_REQUEST_SHIFT 15u
#define RP2_DMA_CHAIN_SHIFT 11u
#define RP2_DMA_RING_IS_WRITTEN (1u << 10)
#define RP2_DMA_RING_SHIFT 6u
#define RP2_DMA_WRITE_COUNTS_UP (1u << 5)

#endif  // EARSHOT_RP2040_H_
