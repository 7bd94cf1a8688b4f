// SPDX-License-Identifier: Apache-2.0
// STM32F405 (Netduino Plus 2 and others): USART1 on PA9 (send) and PA10 (receive), 168 MHz of the oscillator
// that is on every board. The same image is meant for real boards, but it has run in QEMU alone.

#include "../stm32f4/stm32f4.h"
#include "cortexm.h"
#include "hal.h"

#define CLOCK_USART1 (1u << 4)
#define FUNCTION_USART 7u

KWS_BOARD_VECTORS kws_stm32f405_vectors[] = {[STM32F4_USART1_INTERRUPT] = stm32f4_on_usart};

void kws_hal_init(void) {
    stm32f4_start_clock(0);
    kws_start_clock(KWS_CORE_HZ);
    STM32F4_APB2_CLOCKS = STM32F4_APB2_CLOCKS | CLOCK_USART1;
    stm32f4_function(STM32F4_PORT_A, 9, FUNCTION_USART, 0);
    stm32f4_function(STM32F4_PORT_A, 10, FUNCTION_USART, 1);  // an open receive pin idles high
    stm32f4_usart_start(STM32F4_USART1, STM32F4_APB2_HZ, STM32F4_USART1_INTERRUPT);
}

void kws_hal_led(int on) { (void)on; }  // boards with this chip have it on different pins
