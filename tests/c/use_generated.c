/* The generated headers are C as well as C++: this is compiled as C11. */
#include <stdio.h>

#include "feature_tests.h"
#include "micro_model_settings.h"
#include "model.h"

static int8_t scores[kCategoryCount];

int main(void) {
    for (int i = 0; i < kFeatureTestCount; ++i) {
        scores[0] = g_feature_tests[i].scores[0];
        printf("%s %s %d\n", kCategoryLabels[g_feature_tests[i].label], g_feature_tests[i].name, scores[0]);
    }
    return kTensorArenaSize > 0 && g_model_len > 0 ? 0 : 1;
}
