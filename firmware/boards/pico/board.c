// SPDX-License-Identifier: Apache-2.0
// Raspberry Pi Pico: 125 MHz from the crystal, UART0 on GPIO0 (send) and GPIO1 (receive), the LED on GPIO25,
// an analog microphone on GPIO26.

#include "hal.h"
#include "rp2040.h"

#define LED 25u

KWS_BOARD_VECTORS kws_pico_vectors[] = {
    [DMA_INTERRUPT] = rp2040_on_dma,
    [UART0_INTERRUPT] = rp2040_on_uart,
};

// 2.16.7
#define XOSC_CTRL KWS_REGISTER(0x40024000u)
#define XOSC_STATUS KWS_REGISTER(0x40024004u)
#define XOSC_STARTUP KWS_REGISTER(0x4002400Cu)
#define XOSC_STABLE (1u << 31)

// 2.18.4
#define PLL_SYS 0x40028000u
#define PLL_USB 0x4002C000u
#define PLL_CS(base) KWS_REGISTER((base) + 0x0u)
#define PLL_PWR(base) KWS_REGISTER((base) + 0x4u)
#define PLL_FBDIV(base) KWS_REGISTER((base) + 0x8u)
#define PLL_PRIM(base) KWS_REGISTER((base) + 0xCu)
#define PLL_LOCKED (1u << 31)

// 2.15.7
#define CLK_REF_CTRL KWS_REGISTER(0x40008030u)
#define CLK_REF_SELECTED KWS_REGISTER(0x40008038u)
#define CLK_SYS_CTRL KWS_REGISTER(0x4000803Cu)
#define CLK_SYS_SELECTED KWS_REGISTER(0x40008044u)
#define CLK_PERI_CTRL KWS_REGISTER(0x40008048u)
#define CLK_ADC_CTRL KWS_REGISTER(0x40008060u)
#define CLK_ENABLE (1u << 11)

// 2.3.1.7
#define GPIO_OUT_SET KWS_REGISTER(0xD0000014u)
#define GPIO_OUT_CLEAR KWS_REGISTER(0xD0000018u)
#define GPIO_ENABLE_SET KWS_REGISTER(0xD0000024u)

// After a reset of the core alone, which kws_hal_reset() asks for, blocks run on: they begin anew.
static void start_blocks(uint32_t blocks) {
    RESETS_RESET = RESETS_RESET | blocks;
    RESETS_RESET = RESETS_RESET & ~blocks;
    while ((RESETS_DONE & blocks) != blocks) continue;
}

// 12 MHz * fbdiv / (post1 * post2)
static void start_pll(uint32_t base, uint32_t fbdiv, uint32_t post1, uint32_t post2) {
    const uint32_t off = 1u << 0, post_dividers_off = 1u << 3, oscillator_off = 1u << 5;
    PLL_CS(base) = 1u;  // the crystal / 1
    PLL_FBDIV(base) = fbdiv;
    PLL_PWR(base) = PLL_PWR(base) & ~(off | oscillator_off);
    while (!(PLL_CS(base) & PLL_LOCKED)) continue;
    PLL_PRIM(base) = post1 << 16 | post2 << 12;
    PLL_PWR(base) = PLL_PWR(base) & ~post_dividers_off;
}

static void start_clocks(void) {
    XOSC_STARTUP = 47u;  // * 256 periods: 1 ms, as the datasheet recommends at 12 MHz
    XOSC_CTRL = 0xFABu << 12 | 0xAA0u;
    while (!(XOSC_STATUS & XOSC_STABLE)) continue;
    CLK_SYS_CTRL = 0;  // from clk_ref, while its PLL starts
    while (CLK_SYS_SELECTED != 1u) continue;
    CLK_REF_CTRL = 2u;  // the crystal
    while (CLK_REF_SELECTED != 1u << 2) continue;
    start_blocks(RESET_PLL_SYS | RESET_PLL_USB);
    start_pll(PLL_SYS, 125u, 6u, 2u);
    start_pll(PLL_USB, 100u, 5u, 5u);
    CLK_SYS_CTRL = 1u;  // PLL_SYS
    while (CLK_SYS_SELECTED != 1u << 1) continue;
    CLK_PERI_CTRL = CLK_ENABLE;  // from clk_sys
    CLK_ADC_CTRL = CLK_ENABLE;   // from PLL_USB
}

void kws_hal_init(void) {
    start_clocks();
    start_blocks(RESET_IO_BANK0 | RESET_PADS_BANK0 | RESET_UART0 | RESET_DMA | RESET_ADC);
    kws_start_clock(KWS_CORE_HZ);
    GPIO_CTRL(LED) = 5u;
    GPIO_ENABLE_SET = 1u << LED;
    rp2040_uart_start(KWS_UART_BAUD);
    rp2040_adc_start();
}

void kws_hal_led(int on) {
    if (on) {
        GPIO_OUT_SET = 1u << LED;
    } else {
        GPIO_OUT_CLEAR = 1u << LED;
    }
}
