// SPDX-License-Identifier: Apache-2.0
// What the RP2350 has of its own, in Secure state on its Cortex-M33. RP2350 Datasheet; docs/boards/pico2.md
// says what was compared with what.

#ifndef EARSHOT_RP2350_H_
#define EARSHOT_RP2350_H_

// 2.2.4
#define RP2_CLOCKS 0x40010000u
#define RP2_RESETS 0x40020000u
#define RP2_IO_BANK0 0x40028000u
#define RP2_PADS_BANK0 0x40038000u
#define RP2_XOSC 0x40048000u
#define RP2_PLL_SYS 0x40050000u
#define RP2_PLL_USB 0x40058000u
#define RP2_UART0 0x40070000u
#define RP2_ADC 0x400A0000u

// 3.2
#define RP2_DMA_INTERRUPT 10
#define RP2_USB_INTERRUPT 14
#define RP2_UART0_INTERRUPT 33

// 7.5.3: blocks in reset, one bit each.
#define RP2_RESET_ADC (1u << 0)
#define RP2_RESET_DMA (1u << 2)
#define RP2_RESET_IO_BANK0 (1u << 6)
#define RP2_RESET_PADS_BANK0 (1u << 9)
#define RP2_RESET_PIO0 (1u << 11)
#define RP2_RESET_PLL_SYS (1u << 14)
#define RP2_RESET_PLL_USB (1u << 15)
#define RP2_RESET_UART0 (1u << 26)
#define RP2_RESET_USB (1u << 28)

// 8.1.7: CLK_USB_CTRL, CLK_ADC_CTRL
#define RP2_CLK_USB_CTRL 0x60u
#define RP2_CLK_ADC_CTRL 0x6Cu

// 8.6: 12 MHz * 125 / (5 * 2) = 150 MHz
#define RP2_PLL_SYS_POST1 5u
#define RP2_PLL_SYS_POST2 2u

// 3.1.11
#define RP2_GPIO_OUT_SET KWS_REGISTER(0xD0000018u)
#define RP2_GPIO_OUT_CLEAR KWS_REGISTER(0xD0000020u)
#define RP2_GPIO_ENABLE_SET KWS_REGISTER(0xD0000038u)

// 12.6.4.1, and fields of CHx_CTRL, 12.6.10
#define RP2_DREQ_PIO0_RX0 4u
#define RP2_DREQ_ADC 48u
#define RP2_DMA_BUSY (1u << 26)
#define RP2_DMA_REQUEST_SHIFT 17u
#define RP2_DMA_CHAIN_SHIFT 13u
#define RP2_DMA_RING_IS_WRITTEN (1u << 12)
#define RP2_DMA_RING_SHIFT 8u
#define RP2_DMA_WRITE_COUNTS_UP (1u << 6)

#endif  // EARSHOT_RP2350_H_
