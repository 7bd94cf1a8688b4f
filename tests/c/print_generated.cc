// Prints what the generated sources hold, for the test to compare with what Python put there.
#include <cstdint>
#include <cstdio>

#include "feature_tests.h"
#include "micro_model_settings.h"
#include "model.h"
#include "op_resolver.h"

int main() {
    OpResolver op_resolver;
    const TfLiteStatus status = RegisterOps(op_resolver);
    std::printf("ops %d %u\n", static_cast<int>(status), op_resolver.GetRegistrationLength());

    std::printf("aligned %d\n", reinterpret_cast<std::uintptr_t>(g_model) % 16 == 0 ? 1 : 0);
    std::printf("arena %d\n", static_cast<int>(kTensorArenaSize));
    std::printf("model ");
    for (unsigned int i = 0; i < g_model_len; ++i) std::printf("%02x", g_model[i]);
    std::printf("\n");

    std::printf("sizes %d %d %d %d %d %d\n", static_cast<int>(kMaxAudioSampleSize),
                static_cast<int>(kAudioSampleFrequency), static_cast<int>(kAverageWindowSize),
                static_cast<int>(kFeatureSliceSize), static_cast<int>(kFeatureSliceCount),
                static_cast<int>(kFeatureElementCount));
    std::printf("ms %d %d\n", static_cast<int>(kFeatureSliceStrideMs),
                static_cast<int>(kFeatureSliceDurationMs));
    std::printf("indices %d %d %d\n", static_cast<int>(kSilenceIndex), static_cast<int>(kUnknownIndex),
                static_cast<int>(kCategoryCount));
    std::printf("input %.9g %d\n", static_cast<double>(kInputScale), static_cast<int>(kInputZeroPoint));
    std::printf("output %.9g %d\n", static_cast<double>(kOutputScale), static_cast<int>(kOutputZeroPoint));
    for (const char* label : kCategoryLabels) std::printf("label %s\n", label);

    for (const FeatureTest& test : g_feature_tests) {
        std::printf("test %d %s\nfeatures", test.label, test.name);
        for (int i = 0; i < kFeatureElementCount; ++i) std::printf(" %d", test.features[i]);
        std::printf("\nscores");
        for (int score : test.scores) std::printf(" %d", score);
        std::printf("\n");
    }
    return 0;
}
