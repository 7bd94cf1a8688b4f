// SPDX-License-Identifier: Apache-2.0
// STM32F4DISCOVERY (MB997, STM32F407VG): 168 MHz of the crystal, USART2 on PA2 (send) and PA3 (receive), the
// green LED on PD12, the PDM microphone MP45DT02 on PB10 (clock) and PC3 (data). Pins: ST UM1472.

#include "../stm32f4/stm32f4.h"
#include "cortexm.h"
#include "hal.h"

#define CLOCK_USART2 (1u << 17)
#define FUNCTION_USART 7u
#define FUNCTION_I2S2 5u
#define LED 12u

KWS_BOARD_VECTORS kws_stm32f4discovery_vectors[] = {
    [STM32F4_DMA1_STREAM3_INTERRUPT] = stm32f4_on_pdm_dma,
    [STM32F4_SPI2_INTERRUPT] = stm32f4_on_pdm_error,
    [STM32F4_USART2_INTERRUPT] = stm32f4_on_usart,
};

void kws_hal_init(void) {
    stm32f4_start_clock(1);
    kws_start_clock(KWS_CORE_HZ);
    stm32f4_output(STM32F4_PORT_D, LED);
    STM32F4_APB1_CLOCKS = STM32F4_APB1_CLOCKS | CLOCK_USART2;
    stm32f4_function(STM32F4_PORT_A, 2, FUNCTION_USART, 0);
    stm32f4_function(STM32F4_PORT_A, 3, FUNCTION_USART, 1);  // an open receive pin idles high
    stm32f4_usart_start(STM32F4_USART2, STM32F4_APB1_HZ, STM32F4_USART2_INTERRUPT);
    stm32f4_function(STM32F4_PORT_B, 10, FUNCTION_I2S2, 0);
    stm32f4_function(STM32F4_PORT_C, 3, FUNCTION_I2S2, 0);
    stm32f4_pdm_start();
}

void kws_hal_led(int on) { stm32f4_set(STM32F4_PORT_D, LED, (uint32_t)on); }
