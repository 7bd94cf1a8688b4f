// SPDX-License-Identifier: Apache-2.0
// zephyr.h in use. STUB_BURST=N in the environment: the main thread sleeps through the first N blocks;
// STUB_STOP=1: the driver stops at first, as that of nRF does without a free block.

#include "zephyr.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

const struct device stub_microphone = {"dmic"};
static sem_t wanted, given;
static struct pcm_stream_cfg stream;
static int burst, is_running, is_stopped;

static int setting(const char* name) {
    const char* text = getenv(name);
    return text == NULL ? 0 : atoi(text);
}

static void check(int is_right, const char* what) {
    if (is_right) return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(3);
}

_Bool device_is_ready(const struct device* device) { return device == &stub_microphone; }

int dmic_configure(const struct device* device, struct dmic_cfg* config) {
    (void)device;
    sem_init(&wanted, 0, 0);
    sem_init(&given, 0, 0);
    burst = setting("STUB_BURST");
    is_stopped = setting("STUB_STOP");
    stream = config->streams[0];  // a copy, as the caller's goes
    const int is_right = stream.pcm_width == 16 && stream.pcm_rate == 16000 &&
                         stream.block_size <= stream.mem_slab->block_bytes &&
                         config->channel.req_num_chan == 1 && config->channel.req_num_streams == 1;
    return is_right ? 0 : -EINVAL;
}

int dmic_trigger(const struct device* device, enum dmic_trigger command) {
    (void)device;
    is_running = command == DMIC_TRIGGER_START;
    return 0;
}

int dmic_read(const struct device* device, uint8_t number, void** buffer, size_t* size, int32_t timeout_ms) {
    (void)device;
    check(number == 0 && timeout_ms == 1000 && is_running, "a read that ends");
    if (burst > 1) {
        --burst;
    } else {
        burst = 0;
        sem_wait(&wanted);
    }
    if (is_stopped) {
        is_stopped = 0;
        is_running = 0;
        return -EAGAIN;
    }
    check(stream.mem_slab->free_blocks > 0, "blocks are given back");
    --stream.mem_slab->free_blocks;
    *buffer = malloc(stream.block_size);
    *size = fread(*buffer, 1, stream.block_size, stdin);
    if (*size == 0) {
        fflush(stdout);
        _Exit(0);
    }
    return 0;
}

void k_mem_slab_free(struct k_mem_slab* slab, void* block) {
    ++slab->free_blocks;
    free(block);
}

void k_sem_give(struct k_sem* sem) {
    (void)sem;
    if (burst == 0) sem_post(&given);
}

int k_sem_take(struct k_sem* sem, k_timeout_t timeout) {
    (void)sem;
    check(timeout.ticks == -1, "waits for the next block");
    sem_post(&wanted);
    sem_wait(&given);
    return 0;
}

static void* run(void* thread) {
    ((k_tid_t)thread)->entry(NULL, NULL, NULL);
    return NULL;
}

void k_thread_start(k_tid_t thread) {
    check(thread->delay_ms == SYS_FOREVER_MS && thread->priority < 0,
          "a thread that main() starts, before itself");
    pthread_t created;
    check(pthread_create(&created, NULL, run, (void*)(uintptr_t)thread) == 0, "a thread");
}
