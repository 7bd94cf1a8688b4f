// SPDX-License-Identifier: Apache-2.0
// APB UART of the Cortex-M System Design Kit (Arm DDI 0479, "APB UART").

#ifndef EARSHOT_CMSDK_UART_H_
#define EARSHOT_CMSDK_UART_H_

#include <stdint.h>

// base              address of the UART
// clock_hz          of its bus
// receive_interrupt, send_interrupt   numbers; the board's vectors lead to the handlers below
void kws_cmsdk_uart_init(uintptr_t base, uint32_t clock_hz, uint32_t baud, uint32_t receive_interrupt,
                         uint32_t send_interrupt);

void kws_cmsdk_uart_on_receive(void);
void kws_cmsdk_uart_on_send(void);

#endif  // EARSHOT_CMSDK_UART_H_
