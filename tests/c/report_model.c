// Says whether the model of a kws_engine runs, and if not, why; tests/emulator/test_tflm_engine.py.

#include <stdio.h>

#include "model/model.h"

int main(void) {
    const int failure = kws_model_init();
    printf("%d %u %s\n", failure, (unsigned)kws_model_arena_bytes(), kws_model_error());
    return failure ? kws_model_invoke() != KWS_MODEL_INVOKE : 0;  // after a failure, none may run
}
