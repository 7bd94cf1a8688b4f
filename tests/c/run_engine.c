// Runs the engine on inputs from stdin, one after the other, and writes the outputs to stdout.

#include <stdio.h>

#include "engine.h"

int main(void) {
    if (kws_model_init() != 0) return 1;
    while (fread(kws_model_input(), 1, KWS_INPUT_BYTES, stdin) == KWS_INPUT_BYTES) {
        if (kws_model_invoke() != 0) return 2;
        fwrite(kws_model_output(), 1, KWS_OUTPUT_COUNT, stdout);
    }
    return 0;
}
