// Stand-in for TFLite-Micro's header: counts what is registered and refuses more than there is room for.
#ifndef EARSHOT_TESTS_MICRO_MUTABLE_OP_RESOLVER_H_
#define EARSHOT_TESTS_MICRO_MUTABLE_OP_RESOLVER_H_

typedef enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 } TfLiteStatus;

namespace tflite {

template <unsigned int tOpCount>
class MicroMutableOpResolver {
  public:
    TfLiteStatus AddConv2D() { return Add(); }
    TfLiteStatus AddFullyConnected() { return Add(); }
    TfLiteStatus AddReshape() { return Add(); }
    TfLiteStatus AddSoftmax() { return Add(); }

    unsigned int GetRegistrationLength() const { return registered_; }

  private:
    TfLiteStatus Add() {
        if (registered_ == tOpCount) return kTfLiteError;
        ++registered_;
        return kTfLiteOk;
    }

    unsigned int registered_ = 0;
};

}  // namespace tflite

#endif  // EARSHOT_TESTS_MICRO_MUTABLE_OP_RESOLVER_H_
