// SPDX-License-Identifier: Apache-2.0
// The contract between the application and whichever engine runs the model.
//
// All memory is the caller's: a kws_model each, so that several run side by side. Sizes, scales and zero
// points are constants of the generated engine.h: KWS_INPUT_BYTES, KWS_OUTPUT_COUNT, KWS_MODEL_BYTES. What
// depends on the model is declared there, too:
//
// - A model with several inputs or outputs has a function for each, kws_model_input_<name>() or
//   kws_model_output_<name>(), in place of kws_model_input() or kws_model_output() below.
// - Where the .tflite takes or gives float32, uint8, int16 or int32, kws_model_set_input() and
//   kws_model_get_output() do, with the bits of TFLite-Micro. The compiled engine has the int8 behind it
//   as well, in kws_model_input() and kws_model_output(); TFLite-Micro does not.

#ifndef EARSHOT_MODEL_MODEL_H_
#define EARSHOT_MODEL_MODEL_H_

#include <stdint.h>

#include "engine.h"

#ifdef __cplusplus
extern "C" {
#endif

// Why a model cannot run. Only TFLite-Micro has reasons: what the compiled engine cannot run, codegen
// does not generate.
enum kws_model_failure {
    KWS_MODEL_SCHEMA = -1,    // model.cc is no .tflite, or one of another version
    KWS_MODEL_OPERATOR = -2,  // an operator is not registered
    KWS_MODEL_ARENA = -3,     // the tensor arena is too small
    KWS_MODEL_PREPARE = -4,   // an operator refuses the tensors it is given
    KWS_MODEL_TENSORS = -5,   // input or output are not what engine.h says
    KWS_MODEL_INVOKE = -6     // an inference failed
};

// Makes a model ready, in any memory. To be called before anything else; again, it forgets what it was
// given before (SVDF and LSTM remember).
//
// returns       0, or one of kws_model_failure; then there is nothing to call but kws_model_error()
int32_t kws_model_init(kws_model* model);

// Where to write the input, KWS_INPUT_BYTES of it, before each kws_model_invoke(), which may
// use the same memory for something else: write all of it each time.
int8_t* kws_model_input(kws_model* model);

// Computes the output from the input.
//
// returns       0, or one of kws_model_failure
int32_t kws_model_invoke(kws_model* model);

#if KWS_NEXT_ROWS
// As kws_model_invoke(), for an input that is the one before it moved by KWS_NEXT_ROWS rows: it computes only
// what is new, and gives the same bits. The output counts from the call on before which all rows of one input
// have come in this way, one stride after the other; what the others gave is nothing. A kws_model_invoke() in
// between forgets them.
int32_t kws_model_invoke_next(kws_model* model);
#endif

// KWS_OUTPUT_COUNT values, valid from one inference until the input is next written to.
const int8_t* kws_model_output(const kws_model* model);

// The last failure in words and numbers, one line without its end; empty where nothing failed.
const char* kws_model_error(const kws_model* model);

// Bytes of the tensor arena that the model takes; to be asked after kws_model_init().
uint32_t kws_model_arena_bytes(const kws_model* model);

#ifdef __cplusplus
}
#endif

#endif  // EARSHOT_MODEL_MODEL_H_
