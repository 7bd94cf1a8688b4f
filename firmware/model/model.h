// The contract between the application and whichever engine runs the model.
//
// One model, one input, one output. Sizes are constants of the generated engine.h:
// KWS_INPUT_BYTES, KWS_OUTPUT_COUNT, KWS_ARENA_BYTES.

#ifndef EARSHOT_MODEL_MODEL_H_
#define EARSHOT_MODEL_MODEL_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Makes the engine ready. Call it once, before anything else.
//
// returns       0, or a negative number if the model cannot run
int kws_model_init(void);

// Where to write the input, KWS_INPUT_BYTES of it, before each kws_model_invoke(), which may
// use the same memory for something else: write all of it each time.
int8_t* kws_model_input(void);

// Computes the output from the input.
//
// returns       0, or a negative number on failure
int kws_model_invoke(void);

// KWS_OUTPUT_COUNT values, valid from one kws_model_invoke() until the input is next written to.
const int8_t* kws_model_output(void);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_MODEL_MODEL_H_
