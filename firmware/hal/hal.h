// SPDX-License-Identifier: Apache-2.0
// What the application asks of a board: audio, a serial line, a clock, sleep and one light.
//
// Nothing here waits. A board implements these functions, but for the weak ones, and nothing else; the
// Cortex-M boards share most of them (boards/common), `host` has its own.

#ifndef EARSHOT_HAL_H_
#define EARSHOT_HAL_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Brings up clock, serial line and light. Call it once, first.
void kws_hal_init(void);

// Takes what the microphone has heard: up to capacity samples, 16-bit mono at the rate of the
// model's front end, returns how many, maybe 0. Boards without a microphone take them from the
// serial line (boards/common/audio_serial.c), which is then for nothing else.
size_t kws_hal_audio_read(int16_t* samples, size_t capacity);

// Samples that were lost since the start, because the microphone's interrupt or the main loop came too late;
// at least so many. Of boards with a microphone alone: where nothing defines it, it is not called.
#if defined(__GNUC__)
#define KWS_HAL_WEAK __attribute__((weak))
#else
#define KWS_HAL_WEAK
#endif
KWS_HAL_WEAK uint32_t kws_hal_audio_lost(void);

// Received bytes that are kept, at least, until they are read: what may be under way to a board at a time.
#define KWS_HAL_RECEIVE_BYTES 4096u

// Takes what the serial line has received: up to capacity bytes, returns how many, maybe 0.
size_t kws_hal_serial_read(uint8_t* bytes, size_t capacity);

// Hands bytes to the serial line, returns how many were taken; offer the rest later.
size_t kws_hal_serial_write(const uint8_t* bytes, size_t count);

// Losses noticed since the start: bytes dropped because nobody read in time, and overruns of
// the UART, each of which is one byte or more. 0 means that everything arrived.
uint32_t kws_hal_serial_lost(void);

// The rate nearest to baud that the serial line can run at; 0 where the line has none, as USB, or one that is
// not the board's to choose. Where nothing defines it, it is not called, and neither is the next.
KWS_HAL_WEAK uint32_t kws_hal_serial_nearest_baud(uint32_t baud);

// Runs the serial line at a rate, once all that was written is out. Returns 1 when that is done, 0 while
// something is still to go out; ask again.
KWS_HAL_WEAK int kws_hal_serial_set_baud(uint32_t baud);

// Milliseconds since kws_hal_init(); wraps around after 49 days.
uint32_t kws_hal_clock_ms(void);

// Sleeps until something happens: a byte, room to write, the next millisecond. Returns at
// once when received bytes are waiting, so that none is slept over.
void kws_hal_idle(void);

// Switches the light; boards without one ignore it.
void kws_hal_led(int on);

// Ends the program where a program can end (host); sleeps forever elsewhere.
void kws_hal_stop(void);

// Starts the program from the beginning, as after switching on.
void kws_hal_reset(void);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_HAL_H_
