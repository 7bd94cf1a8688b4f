// SPDX-License-Identifier: Apache-2.0
// RM0090 3.9.1 (FLASH), 7.3 (RCC), 8.4 (GPIO).

#include "cortexm.h"
#include "stm32f4.h"

#define FLASH_ACR KWS_REGISTER(0x40023C00u)
#define RCC_CR KWS_REGISTER(0x40023800u)
#define RCC_PLLCFGR KWS_REGISTER(0x40023804u)
#define RCC_CFGR KWS_REGISTER(0x40023808u)
#define RCC_PLLI2SCFGR KWS_REGISTER(0x40023884u)
#define INTERNAL_READY (1u << 1)
#define CRYSTAL_ON (1u << 16)
#define CRYSTAL_READY (1u << 17)
#define PLL_ON (1u << 24)
#define PLL_READY (1u << 25)
#define PLLI2S_ON (1u << 26)
#define PLLI2S_READY (1u << 27)
#define PLL_OF_CRYSTAL (1u << 22)

#define GPIO(port, offset) KWS_REGISTER(0x40020000u + 0x400u * (uint32_t)(port) + (offset))
#define GPIO_MODE(port) GPIO(port, 0x00u)
#define GPIO_PULL(port) GPIO(port, 0x0Cu)
#define GPIO_SET_RESET(port) GPIO(port, 0x18u)
#define GPIO_FUNCTION(port, pin) GPIO(port, 0x20u + 4u * ((pin) / 8u))
#define MODE_OUTPUT 1u
#define MODE_FUNCTION 2u

static int has_rcc(void) { return (RCC_CR & INTERNAL_READY) != 0; }

// 2 MHz of either oscillator * 168 / 2.
void stm32f4_start_clock(int has_crystal) {
    if (!has_rcc()) return;    // QEMU has none (reads 0) and runs at 168 MHz anyway
    FLASH_ACR = 5u | 7u << 8;  // five wait states, prefetch and both caches
    uint32_t divider = 8u;     // of 16 MHz
    if (has_crystal) {
        RCC_CR = RCC_CR | CRYSTAL_ON;
        while (!(RCC_CR & CRYSTAL_READY)) continue;
        divider = PLL_OF_CRYSTAL | 4u;  // of 8 MHz
    }
    RCC_PLLCFGR = divider | 168u << 6 | 7u << 24;  // M, N, Q; P = 2 is 0
    RCC_CR = RCC_CR | PLL_ON;
    while (!(RCC_CR & PLL_READY)) continue;  // at most 0.3 ms
    RCC_CFGR = 5u << 10 | 4u << 13;          // APB1 / 4, APB2 / 2: their limits are 42 and 84 MHz
    RCC_CFGR = RCC_CFGR | 2u;                // run from the PLL
    while ((RCC_CFGR >> 2 & 3u) != 2u) continue;
}

// 2 MHz * 128 / 5
void stm32f4_start_i2s_clock(void) {
    if (!has_rcc()) return;
    RCC_PLLI2SCFGR = 128u << 6 | 5u << 28;
    RCC_CR = RCC_CR | PLLI2S_ON;
    while (!(RCC_CR & PLLI2S_READY)) continue;
}

static void set_mode(enum stm32f4_port port, uint32_t pin, uint32_t mode) {
    GPIO_MODE(port) = (GPIO_MODE(port) & ~(3u << 2u * pin)) | mode << 2u * pin;
}

void stm32f4_output(enum stm32f4_port port, uint32_t pin) {
    STM32F4_AHB1_CLOCKS = STM32F4_AHB1_CLOCKS | 1u << port;
    set_mode(port, pin, MODE_OUTPUT);
}

void stm32f4_set(enum stm32f4_port port, uint32_t pin, uint32_t level) {
    GPIO_SET_RESET(port) = level ? 1u << pin : 1u << (pin + 16u);
}

void stm32f4_function(enum stm32f4_port port, uint32_t pin, uint32_t function, int is_pulled_up) {
    STM32F4_AHB1_CLOCKS = STM32F4_AHB1_CLOCKS | 1u << port;
    const uint32_t shift = 4u * (pin % 8u);
    GPIO_FUNCTION(port, pin) = (GPIO_FUNCTION(port, pin) & ~(0xFu << shift)) | function << shift;
    GPIO_PULL(port) = (GPIO_PULL(port) & ~(3u << 2u * pin)) | (is_pulled_up ? 1u : 0u) << 2u * pin;
    set_mode(port, pin, MODE_FUNCTION);
}
