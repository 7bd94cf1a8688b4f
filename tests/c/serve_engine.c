// Runs the engine of a board for tests/emulator/emulated_engine.py: KWS_INPUT_BYTES come over the serial
// line, KWS_OUTPUT_COUNT go back, for ever.

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

int main(void) {
    kws_hal_init();
    if (kws_model_init(&model) != 0) kws_hal_stop();
    for (;;) {
        receive((uint8_t*)kws_model_input(&model), KWS_INPUT_BYTES);
        if (kws_model_invoke(&model) != 0) kws_hal_stop();
        kws_print_bytes((const uint8_t*)kws_model_output(&model), KWS_OUTPUT_COUNT);
    }
}
