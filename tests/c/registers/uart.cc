// A UART driver, the file DRIVER, over registers that keep what is written to them.

#include <map>

#include "cortexm.h"

static std::map<uint32_t, uint32_t> registers;

uint32_t device_read(uint32_t address) { return registers[address]; }

void device_write(uint32_t address, uint32_t value) { registers[address] = value; }

extern "C" {

#include DRIVER

#ifdef EARSHOT_RP2_H_  // where it is one of two lines
void rp2_function(uint32_t, uint32_t, uint32_t) {}

void kws_uart_pump(void) { rp2_uart_pump(); }

uint32_t kws_uart_nearest_baud(uint32_t baud) { return rp2_uart_nearest_baud(baud); }

int kws_uart_set_baud(uint32_t baud) { return rp2_uart_set_baud(baud); }
#endif

void kws_serial_received(uint8_t) {}

void kws_serial_overrun(void) {}

static int32_t next = -1;

int32_t kws_serial_next_byte(void) {
    const int32_t byte = next;
    next = -1;
    return byte;
}

void device_set(uint32_t address, uint32_t value) { registers[address] = value; }

uint32_t device_get(uint32_t address) { return registers[address]; }

void device_send(void) {
    next = 'a';
    kws_uart_pump();
}

}  // extern "C"
