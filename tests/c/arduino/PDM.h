// The library PDM of the Nano 33 BLE Sense, with the samples of standard input.

#ifndef TEST_PDM_H_
#define TEST_PDM_H_

#include "Arduino.h"

struct TestPdm {
    void onReceive(void (*callback)()) { callback_ = callback; }
    int begin(int channels, int rate_hz) { return channels == 1 && rate_hz == 16000; }
    int read(void* samples, size_t bytes) { return (int)fread(samples, 1, bytes, stdin); }
    // The interrupt of a full buffer; false at the end of the input.
    bool interrupt() {
        callback_();
        return feof(stdin) == 0;
    }

  private:
    void (*callback_)() = nullptr;
};
inline TestPdm PDM;

#endif
