// Runs the engine of a board for tests/emulator/emulated_engine.py. It says "ready"; then KWS_INPUT_BYTES
// come over the serial line, KWS_OUTPUT_COUNT go back, for ever. With KWS_WINDOW_ROWS, the rows of an input,
// those of a stream come, KWS_NEXT_ROWS at a time. Every KWS_WHOLE_EVERY windows a second engine computes all
// of one; behind the scores goes whether its scores were others.

#include <string.h>

#include "hal.h"
#include "model/model.h"
#include "print.h"

static kws_model model;

static void receive(uint8_t* bytes, size_t count) {
    while (count > 0) {
        const size_t received = kws_hal_serial_read(bytes, count);
        bytes += received;
        count -= received;
        if (received == 0) kws_hal_idle();
    }
}

#ifdef KWS_WINDOW_ROWS

enum { EQUAL, OTHERS, NOT_COMPARED };

static kws_model whole;
static int8_t window[KWS_INPUT_BYTES];

static uint8_t compare_with_whole(void) {
    memcpy(kws_model_input(&whole), window, sizeof window);
    if (kws_model_invoke(&whole) != 0) kws_hal_stop();
    const int8_t* const scores = kws_model_output(&model);
    return memcmp(scores, kws_model_output(&whole), KWS_OUTPUT_COUNT) == 0 ? EQUAL : OTHERS;
}

static void serve(void) {
    const size_t moved = KWS_NEXT_ROWS * (sizeof window / KWS_WINDOW_ROWS), rest = sizeof window - moved;
    if (kws_model_init(&whole) != 0) kws_hal_stop();
    for (uint32_t count = 0;; ++count) {
        memmove(window, window + moved, rest);
        receive((uint8_t*)window + rest, moved);
        memcpy(kws_model_input(&model), window, sizeof window);
        if (kws_model_invoke_next(&model) != 0) kws_hal_stop();
        const uint8_t verdict = count % KWS_WHOLE_EVERY == 0 ? compare_with_whole() : (uint8_t)NOT_COMPARED;
        kws_print_bytes((const uint8_t*)kws_model_output(&model), KWS_OUTPUT_COUNT);
        kws_print_bytes(&verdict, sizeof verdict);
    }
}

#else

static void serve(void) {
    for (;;) {
        receive((uint8_t*)kws_model_input(&model), KWS_INPUT_BYTES);
        if (kws_model_invoke(&model) != 0) kws_hal_stop();
        kws_print_bytes((const uint8_t*)kws_model_output(&model), KWS_OUTPUT_COUNT);
    }
}

#endif

int main(void) {
    kws_hal_init();
    if (kws_model_init(&model) != 0) kws_hal_stop();
    kws_print("ready\n");  // what came before may be lost: some UARTs begin empty
    serve();
}
