// SPDX-License-Identifier: Apache-2.0
// RP2040 Datasheet, 2.14 to 2.18 and 2.19.6; RP2350 Datasheet, 7.5, 8.1, 8.2, 8.6 and 9.11.

#include "rp2.h"

#define XOSC_CTRL KWS_REGISTER(RP2_XOSC + 0x00u)
#define XOSC_STATUS KWS_REGISTER(RP2_XOSC + 0x04u)
#define XOSC_STARTUP KWS_REGISTER(RP2_XOSC + 0x0Cu)
#define XOSC_STABLE (1u << 31)

#define PLL_CS(base) KWS_REGISTER((base) + 0x0u)
#define PLL_PWR(base) KWS_REGISTER((base) + 0x4u)
#define PLL_FBDIV(base) KWS_REGISTER((base) + 0x8u)
#define PLL_PRIM(base) KWS_REGISTER((base) + 0xCu)
#define PLL_LOCKED (1u << 31)

#define CLK_REF_CTRL KWS_REGISTER(RP2_CLOCKS + 0x30u)
#define CLK_REF_SELECTED KWS_REGISTER(RP2_CLOCKS + 0x38u)
#define CLK_SYS_CTRL KWS_REGISTER(RP2_CLOCKS + 0x3Cu)
#define CLK_SYS_SELECTED KWS_REGISTER(RP2_CLOCKS + 0x44u)
#define CLK_PERI_CTRL KWS_REGISTER(RP2_CLOCKS + 0x48u)
#define CLK_USB_CTRL KWS_REGISTER(RP2_CLOCKS + RP2_CLK_USB_CTRL)
#define CLK_ADC_CTRL KWS_REGISTER(RP2_CLOCKS + RP2_CLK_ADC_CTRL)
#define CLK_ENABLE (1u << 11)

#define RESETS_RESET KWS_REGISTER(RP2_RESETS + 0x0u)
#define RESETS_DONE KWS_REGISTER(RP2_RESETS + 0x8u)

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

void rp2_start_clocks(void) {
    XOSC_STARTUP = 47u;  // * 256 periods: 1 ms, as the datasheet recommends at 12 MHz
    XOSC_CTRL = 0xFABu << 12 | 0xAA0u;
    while (!(XOSC_STATUS & XOSC_STABLE)) continue;
    CLK_SYS_CTRL = 0;  // from clk_ref, while its PLL starts
    while (CLK_SYS_SELECTED != 1u) continue;
    CLK_REF_CTRL = 2u;  // the crystal
    while (CLK_REF_SELECTED != 1u << 2) continue;
    start_blocks(RP2_RESET_PLL_SYS | RP2_RESET_PLL_USB);
    start_pll(RP2_PLL_SYS, 125u, RP2_PLL_SYS_POST1, RP2_PLL_SYS_POST2);
    start_pll(RP2_PLL_USB, 100u, 5u, 5u);
    CLK_SYS_CTRL = 1u;  // PLL_SYS
    while (CLK_SYS_SELECTED != 1u << 1) continue;
    CLK_PERI_CTRL = CLK_ENABLE;  // from clk_sys
    CLK_USB_CTRL = CLK_ENABLE;   // from PLL_USB
    CLK_ADC_CTRL = CLK_ENABLE;   // from PLL_USB
    start_blocks(RP2_RESET_IO_BANK0 | RP2_RESET_PADS_BANK0 | RP2_RESET_UART0 | RP2_RESET_DMA | RP2_RESET_ADC |
                 RP2_RESET_PIO0 | RP2_RESET_USB);
}

void rp2_function(uint32_t pin, uint32_t function, uint32_t pad) {
    RP2_PADS_GPIO(pin) = pad;
    RP2_GPIO_CTRL(pin) = function;
}
