// SPDX-License-Identifier: Apache-2.0
// Arduino Nano 33 BLE Sense: nRF52840 at 64 MHz, UART on TX (P1.03) and RX (P1.10), the yellow LED (P0.13), a
// PDM microphone MP34DT05 or MP34DT06J. Pins: schematic of the board, and Arduino's own core for it.

#include "../nordic/nrf52.h"
#include "../nordic/uart.h"
#include "cortexm.h"
#include "hal.h"

#define SEND_PIN NRF52_PIN(1, 3)
#define RECEIVE_PIN NRF52_PIN(1, 10)
#define LED_PIN NRF52_PIN(0, 13)
#define MICROPHONE_POWER_PIN NRF52_PIN(0, 17)
#define MICROPHONE_CLOCK_PIN NRF52_PIN(0, 26)
#define MICROPHONE_DATA_PIN NRF52_PIN(0, 25)

KWS_BOARD_VECTORS kws_nano33ble_vectors[] = {
    [NORDIC_UART_INTERRUPT] = nordic_uart_on_interrupt,
    [NRF52_PDM_INTERRUPT] = nrf52_on_pdm,
};

void kws_hal_init(void) {
    nrf52_start_clock();
    kws_start_clock(KWS_CORE_HZ);
    nrf52_output(LED_PIN, 0);
    nrf52_output(SEND_PIN, 1);
    nrf52_input(RECEIVE_PIN, 1);
    nordic_uart_init(SEND_PIN, RECEIVE_PIN);
    nrf52_output(MICROPHONE_POWER_PIN, 1);
    nrf52_pdm_start(MICROPHONE_CLOCK_PIN, MICROPHONE_DATA_PIN);
}

void kws_hal_led(int on) { nrf52_set(LED_PIN, (uint32_t)on); }
