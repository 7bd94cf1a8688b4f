// Says whether the model of a kws_engine runs, and if not, why; tests/emulator/test_tflm_engine.py.

#include <stdio.h>

#include "model/model.h"

static kws_model model;

int main(void) {
    const int failure = kws_model_init(&model);
    printf("%d %u %s\n", failure, (unsigned)kws_model_arena_bytes(&model), kws_model_error(&model));
    return failure ? kws_model_invoke(&model) != KWS_MODEL_INVOKE : 0;  // after a failure, none may run
}
