// Runs a sketch with the microphone of the Nano 33 BLE Sense: what comes before it is the sketch.

#include <PDM.h>

static unsigned long now_ms;
unsigned long millis() { return ++now_ms; }
unsigned long micros() { return 1000 * millis(); }
void delay(unsigned long ms) { now_ms += ms; }

int main() {
    setup();
    while (PDM.interrupt()) loop();
}
