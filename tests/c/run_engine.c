// Runs the engine on inputs from stdin, one after the other, and writes the outputs to stdout.

#include <stdio.h>

#include "model/model.h"

static kws_model model;

int main(void) {
    if (kws_model_init(&model) != 0) return 1;
    while (fread(kws_model_input(&model), 1, KWS_INPUT_BYTES, stdin) == KWS_INPUT_BYTES) {
        if (kws_model_invoke(&model) != 0) return 2;
        fwrite(kws_model_output(&model), 1, KWS_OUTPUT_COUNT, stdout);
    }
    return 0;
}
