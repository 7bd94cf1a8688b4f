// SPDX-License-Identifier: Apache-2.0
// What the parts of an nRF52840 or nRF52833 share: clocks, pins, and blocks of samples by EasyDMA.
//
// Registers: nRF52840 Product Specification 1.7 (PS in what follows). Those used here are at the same
// addresses in the nRF52833; docs/boards/nano33ble.md lists them all.

#ifndef EARSHOT_NRF52_H_
#define EARSHOT_NRF52_H_

#include <stdint.h>

#define NRF52_SAADC_INTERRUPT 7u
#define NRF52_PDM_INTERRUPT 29u

// A pin as PSEL registers name it.
#define NRF52_PIN(port, number) ((port) * 32u + (number))

// Starts the crystal of 32 MHz: baud and sample rate come from it. The core runs at 64 MHz from reset on.
void nrf52_start_clock(void);

void nrf52_output(uint32_t pin, uint32_t level);  // drives it, with the higher of the two strengths
void nrf52_input(uint32_t pin, int is_pulled_up);
void nrf52_set(uint32_t pin, uint32_t level);

// Blocks of samples that a peripheral writes to memory one after the other, and the interrupt that hands them
// on.
#define NRF52_BLOCK_SAMPLES 128u  // 8 ms at 16 kHz

// base          of the peripheral: task START is at 0, event STARTED at 0x100, event END at 0x108 or 0x104
// pointer       address of its register PTR, whose MAXCNT comes behind
// interrupt     its number
// restart_event address of an event on which the next block is to be started; 0 where the peripheral does it
void nrf52_blocks_start(uint32_t base, uint32_t pointer, uint32_t interrupt, uint32_t restart_event);

// From its interrupt: hands on each whole block, counts the others as missed.
void nrf52_blocks_take(void);

// What it hands them to: whatever microphone the board has.
void nrf52_block_heard(const int16_t* block);

// A PDM microphone at the peripheral of that name, to the ring of microphones/ring.h.
//
// clock, data   pins
void nrf52_pdm_start(uint32_t clock, uint32_t data);
void nrf52_on_pdm(void);

// An analog microphone at the converter, to the same ring.
//
// input         1 to 8 for AIN0 to AIN7
void nrf52_saadc_start(uint32_t input);
void nrf52_on_saadc(void);

#endif  // EARSHOT_NRF52_H_
