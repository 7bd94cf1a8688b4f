// The library ESP_I2S of arduino-esp32 3, to be compiled against.

#ifndef TEST_ESP_I2S_H_
#define TEST_ESP_I2S_H_

#include "Arduino.h"

enum i2s_mode_t { I2S_MODE_STD };
enum i2s_data_bit_width_t { I2S_DATA_BIT_WIDTH_16BIT = 16, I2S_DATA_BIT_WIDTH_32BIT = 32 };
enum i2s_slot_mode_t { I2S_SLOT_MODE_MONO = 1, I2S_SLOT_MODE_STEREO = 2 };

struct I2SClass {
    void setPins(int8_t, int8_t, int8_t, int8_t = -1, int8_t = -1) {}
    bool begin(i2s_mode_t, uint32_t, i2s_data_bit_width_t, i2s_slot_mode_t, int8_t = -1) { return true; }
    size_t readBytes(char*, size_t) { return 0; }
};

#endif
