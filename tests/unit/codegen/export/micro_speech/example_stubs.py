"""Our own stand-ins for the headers that a port's program includes: enough to compile it, and to see it work.

The interpreter "hears" what the test writes into its input: the score of label 2 is the first feature.
"""

from pathlib import Path

_COMMON = {
    "main_functions.h": 'extern "C" { void setup(); void loop(); }',
    "tensorflow/lite/micro/system_setup.h": "namespace tflite { inline void InitializeTarget() {} }",
    "tensorflow/lite/schema/schema_generated.h": """
namespace tflite { struct Model { const unsigned char* data; };
inline const Model* GetModel(const void* data) { static Model model; model.data = (const unsigned char*)data;
  return &model; } }
""",
    "tensorflow/lite/micro/micro_interpreter.h": """
#pragma once
#include <cstddef>
#include <cstdint>
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
enum TfLiteType { kTfLiteInt8 = 9 };
struct TfLiteTensor { TfLiteType type; size_t bytes; struct { int8_t* int8; } data; };
namespace tflite {
struct Model;
class MicroInterpreter {
 public:
  template <class Operators, class... Reporter>
  MicroInterpreter(const Model*, const Operators&, uint8_t*, size_t, Reporter...) {}
  TfLiteStatus AllocateTensors() { return kTfLiteOk; }
  size_t arena_used_bytes() const { return 7; }
  TfLiteTensor* input(int) { return &input_; }
  TfLiteTensor* output(int) { return &output_; }
  TfLiteStatus Invoke() { scores_[2] = features_[0]; return kTfLiteOk; }
 private:
  int8_t features_[1960], scores_[4];
  TfLiteTensor input_{kTfLiteInt8, 1960, {features_}}, output_{kTfLiteInt8, 4, {scores_}};
};
}
""",
    "tensorflow/lite/micro/micro_mutable_op_resolver.h": """
#include "tensorflow/lite/micro/micro_interpreter.h"
namespace tflite { template <unsigned most> struct MicroMutableOpResolver {
  template <class... Reporter> MicroMutableOpResolver(Reporter...) {}
  TfLiteStatus Add() { return ++count_ > most ? kTfLiteError : kTfLiteOk; }
  TfLiteStatus AddReshape() { return Add(); }
  TfLiteStatus AddConv2D() { return Add(); }
  TfLiteStatus AddFullyConnected() { return Add(); }
  TfLiteStatus AddSoftmax() { return Add(); }
  unsigned count_ = 0;
}; }
""",
}
_LOG = '#include <cstdio>\n#define MicroPrintf(...) (std::printf(__VA_ARGS__), std::puts(""))'
_REPORTER = """
#include <cstdio>
namespace tflite { struct ErrorReporter {}; struct MicroErrorReporter : ErrorReporter {}; }
#define TF_LITE_REPORT_ERROR(reporter, ...) ((void)(reporter), std::printf(__VA_ARGS__), std::puts(""))
"""


def write_stubs(folder: Path, *, reporter: bool, score_type: str) -> None:
    """Headers of a port.

    Args:
        reporter: whether each part is given a reporter of errors, as until 2022.
        score_type: of what the recognizer gives.
    """
    kind = "micro_error_reporter" if reporter else "micro_log"
    first, only = ("tflite::ErrorReporter*, ", "tflite::ErrorReporter*") if reporter else ("", "")
    micro = "tensorflow/lite/micro"
    includes = f'#pragma once\n#include "{micro}/micro_interpreter.h"\n#include "{micro}/{kind}.h"\n'
    stubs = {
        **_COMMON,
        "TensorFlowLite.h": "",
        f"{micro}/{kind}.h": f"#pragma once{_REPORTER if reporter else chr(10) + _LOG}",
        "audio_provider.h": f"{includes}int32_t LatestAudioTimestamp(); TfLiteStatus InitAudioRecording();",
        "feature_provider.h": f"""{includes}
struct FeatureProvider {{ FeatureProvider(int, int8_t* features) : features_(features) {{}}
  TfLiteStatus PopulateFeatureData({first}int32_t from, int32_t to, int* slices) {{
    features_[0] = 99; *slices = (to - from) / 20; return kTfLiteOk; }}
  int8_t* features_; }};""",
        "recognize_commands.h": f"""{includes}
struct RecognizeCommands {{ RecognizeCommands({only}{", " if only else ""}int window, {score_type} threshold,
    int suppression, int count) {{
    std::printf("%d %g %d %d\\n", window, double(threshold), suppression, count); }}
  TfLiteStatus ProcessLatestResults(const TfLiteTensor* scores, int32_t, const char** word,
                                    {score_type}* score, bool* is_new) {{
    *word = "yes"; *score = {score_type}(scores->data.int8[2]); *is_new = true; return kTfLiteOk; }} }};""",
        "command_responder.h": f"""{includes}
void RespondToCommand({first}int32_t time, const char* word, {score_type} score, bool is_new);""",
        "stub.cc": f"""
#include "audio_provider.h"
#include "command_responder.h"
#include "main_functions.h"
int32_t LatestAudioTimestamp() {{ static int32_t now; return now += 40; }}
TfLiteStatus InitAudioRecording() {{ std::puts("audio"); return kTfLiteOk; }}
void RespondToCommand({first}int32_t time, const char* word, {score_type} score, bool is_new) {{
  std::printf("%d %s %g %d\\n", time, word, double(score), is_new); }}
int main() {{ setup(); loop(); loop(); }}
""",
    }
    for name, text in stubs.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + "\n", encoding="utf-8")
