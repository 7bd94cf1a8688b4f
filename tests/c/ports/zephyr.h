// SPDX-License-Identifier: Apache-2.0
// As much of Zephyr as the exported sample calls, declared as there, for this computer. The microphone is
// standard input: 16-bit samples. Driver and main thread take turns, so that each run is the same.

#ifndef EARSHOT_TESTS_ZEPHYR_H_
#define EARSHOT_TESTS_ZEPHYR_H_

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_MICROPHONE_GAIN_STEPS 4

#define ARG_UNUSED(name) (void)(name)
#define CLAMP(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))
#define printk printf

typedef long atomic_t;
typedef long atomic_val_t;
#define atomic_get(target) __atomic_load_n(target, __ATOMIC_SEQ_CST)
#define atomic_add(target, value) __atomic_fetch_add(target, (atomic_val_t)(value), __ATOMIC_SEQ_CST)
#define atomic_inc(target) atomic_add(target, 1)

struct k_mem_slab {
    size_t block_bytes;
    int free_blocks;
};
#define K_MEM_SLAB_DEFINE_STATIC(name, bytes, count, alignment)                                        \
    _Static_assert((bytes) % (alignment) == 0, "blocks are as long as a multiple of their alignment"); \
    static struct k_mem_slab name = {bytes, count}
void k_mem_slab_free(struct k_mem_slab* slab, void* block);

struct k_sem {
    int unused;
};
#define K_SEM_DEFINE(name, first, limit) static struct k_sem name = {(first) + (limit)}
typedef struct {
    int64_t ticks;
} k_timeout_t;
#define K_FOREVER ((k_timeout_t){-1})
void k_sem_give(struct k_sem* sem);
int k_sem_take(struct k_sem* sem, k_timeout_t timeout);

typedef void (*k_thread_entry_t)(void*, void*, void*);
typedef const struct stub_thread {
    k_thread_entry_t entry;
    int priority, stack_bytes;
    int32_t delay_ms;
}* k_tid_t;
#define SYS_FOREVER_MS (-1)
#define K_PRIO_COOP(number) (-(16 - (number)))
#define K_THREAD_DEFINE(name, stack_bytes, entry, first, second, third, priority, options, delay_ms) \
    static const struct stub_thread stub_##name = {entry, priority, stack_bytes, delay_ms};          \
    const k_tid_t name = &stub_##name
void k_thread_start(k_tid_t thread);

struct device {
    const char* name;
};
extern const struct device stub_microphone;
#define DT_NODELABEL(label) stub_label_##label
#define stub_label_dmic_dev stub_microphone
#define DEVICE_DT_GET(node) (&(node))
_Bool device_is_ready(const struct device* device);

enum dmic_trigger { DMIC_TRIGGER_STOP, DMIC_TRIGGER_START };
enum pdm_lr { PDM_CHAN_LEFT, PDM_CHAN_RIGHT };
struct pdm_io_cfg {
    uint32_t min_pdm_clk_freq, max_pdm_clk_freq;
    uint8_t min_pdm_clk_dc, max_pdm_clk_dc;
};
struct pcm_stream_cfg {
    uint32_t pcm_rate;
    uint8_t pcm_width;
    uint16_t block_size;
    struct k_mem_slab* mem_slab;
};
struct pdm_chan_cfg {
    uint32_t req_chan_map_lo, req_chan_map_hi, act_chan_map_lo, act_chan_map_hi;
    uint8_t req_num_chan, act_num_chan, req_num_streams, act_num_streams;
};
struct dmic_cfg {
    struct pdm_io_cfg io;
    struct pcm_stream_cfg* streams;
    struct pdm_chan_cfg channel;
};
static inline uint32_t dmic_build_channel_map(uint8_t channel, uint8_t pdm, enum pdm_lr lr) {
    return ((pdm & 7u) << 1 | (uint32_t)lr) << (channel & 7u) * 4u;
}
int dmic_configure(const struct device* device, struct dmic_cfg* config);
int dmic_trigger(const struct device* device, enum dmic_trigger command);
int dmic_read(const struct device* device, uint8_t stream, void** buffer, size_t* size, int32_t timeout_ms);

#endif  // EARSHOT_TESTS_ZEPHYR_H_
