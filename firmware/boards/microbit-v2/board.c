// SPDX-License-Identifier: Apache-2.0
// BBC micro:bit V2: nRF52833 at 64 MHz, UART to the USB of the interface chip (P0.06 to it, P1.08 from it),
// the LED in the middle of the matrix (row 3, column 3), an analog microphone at P0.05 (AIN3), which P0.20
// feeds. Pins: tech.microbit.org, "V2 pinmap".

#include "../nordic/nrf52.h"
#include "../nordic/uart.h"
#include "cortexm.h"
#include "hal.h"

#define SEND_PIN NRF52_PIN(0, 6)
#define RECEIVE_PIN NRF52_PIN(1, 8)
#define ROW_3_PIN NRF52_PIN(0, 15)
#define COLUMN_3_PIN NRF52_PIN(0, 31)
#define MICROPHONE_POWER_PIN NRF52_PIN(0, 20)
#define MICROPHONE_INPUT 4u  // AIN3

KWS_BOARD_VECTORS kws_microbit_v2_vectors[] = {
    [NORDIC_UART_INTERRUPT] = nordic_uart_on_interrupt,
    [NRF52_SAADC_INTERRUPT] = nrf52_on_saadc,
};

void kws_hal_init(void) {
    nrf52_start_clock();
    kws_start_clock(KWS_CORE_HZ);
    nrf52_output(ROW_3_PIN, 0);
    nrf52_output(COLUMN_3_PIN, 0);
    nrf52_output(SEND_PIN, 1);
    nrf52_input(RECEIVE_PIN, 1);
    nordic_uart_init(SEND_PIN, RECEIVE_PIN);
    nrf52_output(MICROPHONE_POWER_PIN, 1);  // with the strength that the microphone and its light need
    nrf52_saadc_start(MICROPHONE_INPUT);
}

void kws_hal_led(int on) { nrf52_set(ROW_3_PIN, (uint32_t)on); }
