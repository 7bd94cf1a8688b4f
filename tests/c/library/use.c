// As much of a program as a library needs around it, without a C library: what is linked is what it takes.

#include <stddef.h>

#include "kws.h"

static kws_stream stream;
int16_t samples[256];    // a driver fills it
const char* heard_word;  // a program does something with it

void* memcpy(void* to, const void* from, size_t count) {
    for (size_t i = 0; i < count; ++i) ((unsigned char*)to)[i] = ((const unsigned char*)from)[i];
    return to;
}

void* memmove(void* to, const void* from, size_t count) {
    if ((uintptr_t)to - (uintptr_t)from >= count) return memcpy(to, from, count);
    while (count-- > 0) ((unsigned char*)to)[count] = ((const unsigned char*)from)[count];
    return to;
}

void* memset(void* to, int value, size_t count) {
    for (size_t i = 0; i < count; ++i) ((unsigned char*)to)[i] = (unsigned char)value;
    return to;
}

int abs(int value) { return value < 0 ? -value : value; }

int main(void) {
    const int32_t error = kws_init(&stream);
    if (error != 0) heard_word = kws_error_text(error);
    for (;;) {
        kws_event event;
        for (uint32_t taken = 0; taken < 256;) {
            taken += kws_push(&stream, samples + taken, 256 - taken);
            while (kws_poll(&stream, &event) > 0) {
                if (event.is_new) heard_word = kws_label(event.label);
            }
        }
    }
}
