// One thread pushes the samples of a file, another polls: what kws.h allows. Prints each inference.
// Built with ThreadSanitizer: it complains about whatever the two share without saying so.

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#include "kws.h"

static kws_stream stream;
static int16_t samples[1 << 20];
static size_t sample_count;
static int is_pushed;  // atomic

static void* push_all(void* nothing) {
    static const uint32_t sizes[] = {1, 7, 319, 321, 16000};
    size_t pushed = 0;
    for (size_t turn = 0; pushed < sample_count; ++turn) {
        const size_t left = sample_count - pushed, size = sizes[turn % 5];
        const uint32_t taken = kws_push(&stream, samples + pushed, (uint32_t)(size < left ? size : left));
        if (taken == 0) sched_yield();
        pushed += taken;
    }
    __atomic_store_n(&is_pushed, 1, __ATOMIC_RELEASE);
    return nothing;
}

static int poll(void) {
    kws_event event;
    const int32_t status = kws_poll(&stream, &event);
    if (status > 0)
        printf("%u %d %d %d\n", (unsigned)event.time_ms, (int)event.label, (int)event.score,
               (int)event.is_new);
    return status;
}

int main(void) {
    pthread_t thread;
    sample_count = fread(samples, sizeof samples[0], sizeof samples / sizeof samples[0], stdin);
    if (kws_init(&stream) != 0 || pthread_create(&thread, NULL, push_all, NULL) != 0) return 1;
    for (;;) {
        const int is_last = __atomic_load_n(&is_pushed, __ATOMIC_ACQUIRE);
        const int status = poll();
        if (status < 0) return 1;
        if (status == 0 && is_last) break;
        if (status == 0) sched_yield();
    }
    return pthread_join(thread, NULL) != 0;
}
