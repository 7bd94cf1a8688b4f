// SPDX-License-Identifier: Apache-2.0
// Raspberry Pi Pico and Pico 2: UART0 on GPIO0 (send) and GPIO1 (receive), the LED on GPIO25, USB, and a
// microphone.

#include "../rp2/rp2.h"
#include "../rp2/usb.h"
#include "hal.h"

#define LED 25u
#define OFF_THE_BUS_MS 3u  // so that the host notices that the board starts anew

KWS_BOARD_VECTORS kws_pico_vectors[] = {
    [RP2_USB_INTERRUPT] = rp2_on_usb,
    [RP2_DMA_INTERRUPT] = rp2_on_dma,
    [RP2_UART0_INTERRUPT] = rp2_on_uart,
};

void kws_hal_init(void) {
    rp2_start_clocks();
    kws_start_clock(KWS_CORE_HZ);
    rp2_function(LED, RP2_FUNCTION_SIO, RP2_PAD_DIGITAL);
    RP2_GPIO_ENABLE_SET = 1u << LED;
    rp2_uart_start(KWS_UART_BAUD);
    while (kws_hal_clock_ms() < OFF_THE_BUS_MS) continue;
    rp2_usb_start();
    rp2_microphone_start();
}

void kws_hal_led(int on) {
    if (on) {
        RP2_GPIO_OUT_SET = 1u << LED;
    } else {
        RP2_GPIO_OUT_CLEAR = 1u << LED;
    }
}
