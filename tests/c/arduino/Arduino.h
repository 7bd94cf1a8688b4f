// As much of an Arduino core as the exported sketches use. Serial is standard output.

#ifndef TEST_ARDUINO_H_
#define TEST_ARDUINO_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OUTPUT 1
#define HIGH 1
#define LOW 0
#define LED_BUILTIN 13

unsigned long millis();
unsigned long micros();
void delay(unsigned long ms);
inline void pinMode(int, int) {}
inline void digitalWrite(int, int) {}

struct TestSerial {
    void begin(unsigned long) {}
    void print(const char* text) { fputs(text, stdout); }
    void print(long number) { printf("%ld", number); }
    void print(int number) { print((long)number); }
    void print(unsigned number) { print((long)number); }
    void print(unsigned long number) { print((long)number); }
    template <typename T>
    void println(T value) {
        print(value);
        print("\n");
    }
};
inline TestSerial Serial;

// Of FreeRTOS, which the core of the ESP32 brings.
inline int xTaskCreate(void (*)(void*), const char*, uint32_t, void*, unsigned, void**) { return 1; }

void setup();
void loop();

#endif
