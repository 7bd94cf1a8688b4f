// SPDX-License-Identifier: Apache-2.0
// What boards with an STM32F405 or STM32F407 share. Registers: ST RM0090, of which each file names the
// sections. What they were compared with: docs/boards/stm32f4discovery.md.

#ifndef EARSHOT_STM32F4_H_
#define EARSHOT_STM32F4_H_

#include <stdint.h>

#define STM32F4_APB1_HZ (KWS_CORE_HZ / 4u)
#define STM32F4_APB2_HZ (KWS_CORE_HZ / 2u)
#define STM32F4_DMA1_STREAM3_INTERRUPT 14
#define STM32F4_SPI2_INTERRUPT 36
#define STM32F4_USART1_INTERRUPT 37
#define STM32F4_USART2_INTERRUPT 38
#define STM32F4_USART1 0x40011000u
#define STM32F4_USART2 0x40004400u

// 7.3: clocks of blocks, one bit each.
#define STM32F4_AHB1_CLOCKS KWS_REGISTER(0x40023830u)
#define STM32F4_APB1_CLOCKS KWS_REGISTER(0x40023840u)
#define STM32F4_APB2_CLOCKS KWS_REGISTER(0x40023844u)

enum stm32f4_port { STM32F4_PORT_A, STM32F4_PORT_B, STM32F4_PORT_C, STM32F4_PORT_D };

// 168 MHz for the core; nothing where there is no RCC, as in QEMU.
//
// has_crystal   of 8 MHz; else the internal oscillator, which is 1 % exact, enough for a UART
void stm32f4_start_clock(int has_crystal);

// The clock of 51.2 MHz that I2S divides. Of a crystal, it is exact.
void stm32f4_start_i2s_clock(void);

void stm32f4_output(enum stm32f4_port port, uint32_t pin);
void stm32f4_set(enum stm32f4_port port, uint32_t pin, uint32_t level);
void stm32f4_function(enum stm32f4_port port, uint32_t pin, uint32_t function, int is_pulled_up);

// A USART whose clock and pins are on, at KWS_UART_BAUD.
void stm32f4_usart_start(uint32_t base, uint32_t bus_hz, uint32_t interrupt);
void stm32f4_on_usart(void);

// A PDM microphone at I2S2, whose pins are on, by DMA1.
void stm32f4_pdm_start(void);
void stm32f4_on_pdm_dma(void);
void stm32f4_on_pdm_error(void);

#endif  // EARSHOT_STM32F4_H_
