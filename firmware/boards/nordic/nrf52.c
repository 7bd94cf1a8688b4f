// SPDX-License-Identifier: Apache-2.0
#include "nrf52.h"

#include "cortexm.h"

// PS 5.4, CLOCK
#define HFCLK_START KWS_REGISTER(0x40000000u)
#define HFCLK_STARTED KWS_REGISTER(0x40000100u)

// PS 6.9, GPIO
#define GPIO(pin, offset) KWS_REGISTER(0x50000000u + 0x300u * ((pin) / 32u) + (offset))
#define GPIO_SET(pin) GPIO(pin, 0x508u)
#define GPIO_CLEAR(pin) GPIO(pin, 0x50Cu)
#define GPIO_CONFIG(pin) GPIO(pin, 0x700u + 4u * ((pin) % 32u))
#define CONFIG_OUTPUT (1u << 0)
#define CONFIG_INPUT_OFF (1u << 1)
#define CONFIG_PULL_UP (3u << 2)
#define CONFIG_STRONG (3u << 8)  // H0H1

void nrf52_start_clock(void) {
    HFCLK_STARTED = 0;
    HFCLK_START = 1u;
    while (!HFCLK_STARTED) continue;
}

void nrf52_set(uint32_t pin, uint32_t level) {
    if (level) {
        GPIO_SET(pin) = 1u << (pin % 32u);
    } else {
        GPIO_CLEAR(pin) = 1u << (pin % 32u);
    }
}

void nrf52_output(uint32_t pin, uint32_t level) {
    nrf52_set(pin, level);
    GPIO_CONFIG(pin) = CONFIG_OUTPUT | CONFIG_INPUT_OFF | CONFIG_STRONG;
}

void nrf52_input(uint32_t pin, int is_pulled_up) { GPIO_CONFIG(pin) = is_pulled_up ? CONFIG_PULL_UP : 0u; }
