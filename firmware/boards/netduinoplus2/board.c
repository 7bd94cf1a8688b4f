// SPDX-License-Identifier: Apache-2.0
// STM32F405 (Netduino Plus 2 and others): USART1 on PA9 (send) and PA10 (receive), 168 MHz.
//
// Registers: ST RM0090. The same image is meant for real boards, but it has run in QEMU alone.

#include "cortexm.h"
#include "hal.h"
#include "uart.h"

#define CORE_HZ 168000000u
#define APB2_HZ (CORE_HZ / 2u)
#define USART1_INTERRUPT 37

#define FLASH_ACR KWS_REGISTER(0x40023C00u)
#define RCC_CR KWS_REGISTER(0x40023800u)
#define RCC_PLLCFGR KWS_REGISTER(0x40023804u)
#define RCC_CFGR KWS_REGISTER(0x40023808u)
#define RCC_AHB1ENR KWS_REGISTER(0x40023830u)
#define RCC_APB2ENR KWS_REGISTER(0x40023844u)
#define GPIOA_MODER KWS_REGISTER(0x40020000u)
#define GPIOA_PUPDR KWS_REGISTER(0x4002000Cu)
#define GPIOA_AFRH KWS_REGISTER(0x40020024u)

#define USART1_SR KWS_REGISTER(0x40011000u)
#define USART1_DR KWS_REGISTER(0x40011004u)
#define USART1_BRR KWS_REGISTER(0x40011008u)
#define USART1_CR1 KWS_REGISTER(0x4001100Cu)
#define SR_OVERRUN (1u << 3)
#define SR_RECEIVE_FULL (1u << 5)
#define SR_SEND_EMPTY (1u << 7)
#define CR1_RECEIVE_ENABLE (1u << 2)
#define CR1_SEND_ENABLE (1u << 3)
#define CR1_RECEIVE_INTERRUPT (1u << 5)
#define CR1_SEND_INTERRUPT (1u << 7)
#define CR1_ENABLE (1u << 13)

static void on_usart1(void);

KWS_BOARD_VECTORS kws_stm32f405_vectors[] = {[USART1_INTERRUPT] = on_usart1};

// 16 MHz of the internal oscillator, which is on every board, / 8 * 168 / 2. It is 1 % exact,
// enough for a UART.
static void start_168_mhz(void) {
    const uint32_t oscillator_ready = 1u << 1, pll_on = 1u << 24, pll_ready = 1u << 25;
    if (!(RCC_CR & oscillator_ready)) return;  // QEMU has no RCC (reads 0) and runs at 168 MHz anyway
    FLASH_ACR = 5u | 7u << 8;                  // five wait states, prefetch and both caches
    RCC_PLLCFGR = 8u | 168u << 6 | 7u << 24;   // M, N, Q; P = 2 is 0
    RCC_CR = RCC_CR | pll_on;
    while (!(RCC_CR & pll_ready)) continue;  // at most 0.3 ms
    RCC_CFGR = 5u << 10 | 4u << 13;          // APB1 / 4, APB2 / 2: their limits are 42 and 84 MHz
    RCC_CFGR = RCC_CFGR | 2u;                // run from the PLL
    while ((RCC_CFGR >> 2 & 3u) != 2u) continue;
}

static void start_usart1(uint32_t baud) {
    const uint32_t usart1_clock = 1u << 4, port_a_clock = 1u << 0;
    RCC_AHB1ENR = RCC_AHB1ENR | port_a_clock;
    RCC_APB2ENR = RCC_APB2ENR | usart1_clock;
    GPIOA_AFRH = (GPIOA_AFRH & ~0xFF0u) | 0x770u;              // function 7 on pins 9 and 10
    GPIOA_PUPDR = (GPIOA_PUPDR & ~(3u << 20)) | 1u << 20;      // an open receive pin idles high
    GPIOA_MODER = (GPIOA_MODER & ~(0xFu << 18)) | 0xAu << 18;  // both are alternate functions
    USART1_BRR = (APB2_HZ + baud / 2) / baud;
    const uint32_t primask = kws_mask_interrupts();
    USART1_CR1 = CR1_ENABLE | CR1_RECEIVE_ENABLE | CR1_SEND_ENABLE | CR1_RECEIVE_INTERRUPT;
    kws_enable_interrupt(USART1_INTERRUPT);
    kws_restore_interrupts(primask);
}

static void on_usart1(void) {
    for (uint32_t state = USART1_SR; state & (SR_RECEIVE_FULL | SR_OVERRUN); state = USART1_SR) {
        if (state & SR_OVERRUN) kws_serial_overrun();
        const uint8_t byte = (uint8_t)USART1_DR;  // after SR, this clears both flags
        if (state & SR_RECEIVE_FULL) kws_serial_received(byte);
    }
    kws_uart_pump();
}

void kws_uart_pump(void) {
    while (USART1_SR & SR_SEND_EMPTY) {
        const int32_t byte = kws_serial_next_byte();
        if (byte < 0) {
            USART1_CR1 = USART1_CR1 & ~CR1_SEND_INTERRUPT;
            return;
        }
        USART1_DR = (uint32_t)byte;
    }
    USART1_CR1 = USART1_CR1 | CR1_SEND_INTERRUPT;
}

void kws_uart_send_now(uint8_t byte) {
    while (!(USART1_SR & SR_SEND_EMPTY)) continue;
    USART1_DR = byte;
}

void kws_hal_init(void) {
    start_168_mhz();
    kws_start_clock(CORE_HZ);
    start_usart1(KWS_UART_BAUD);
}

void kws_hal_led(int on) { (void)on; }  // boards with this chip have it on different pins
