// SPDX-License-Identifier: Apache-2.0
// esp_idf.h in use. STUB_BURST=N in the environment: the main task sleeps through the first N blocks;
// STUB_TIMEOUT=1: nothing comes at first; STUB_OVERFLOW=1: the driver lost a block before the first.

#include "esp_idf.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

static sem_t wanted, notified;
static int burst;
static i2s_event_callbacks_t events;
static i2s_std_config_t settings;
static uint32_t block_frames;

static int setting(const char* name) {
    const char* text = getenv(name);
    return text == NULL ? 0 : atoi(text);
}

void stub_check(bool is_right, const char* what) {
    if (is_right) return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(3);
}

const char* esp_err_to_name(esp_err_t error) { return error == ESP_ERR_TIMEOUT ? "ESP_ERR_TIMEOUT" : "?"; }

esp_err_t i2s_new_channel(const i2s_chan_config_t* config, i2s_chan_handle_t* tx, i2s_chan_handle_t* rx) {
    // The driver's memory of one block is limited to 4092 bytes.
    if (config->dma_frame_num * sizeof(int32_t) > 4092 || tx != NULL) return 1;
    block_frames = config->dma_frame_num;
    *rx = NULL;
    return ESP_OK;
}

esp_err_t i2s_channel_init_std_mode(i2s_chan_handle_t handle, const i2s_std_config_t* config) {
    (void)handle;
    settings = *config;
    const bool is_inmp441 = config->slot_cfg.bit_shift && config->slot_cfg.slot_mask == I2S_STD_SLOT_LEFT;
    return is_inmp441 && config->clk_cfg.sample_rate_hz == 16000 ? ESP_OK : 1;
}

esp_err_t i2s_channel_register_event_callback(i2s_chan_handle_t handle,
                                              const i2s_event_callbacks_t* callbacks, void* user_data) {
    (void)handle;
    (void)user_data;
    events = *callbacks;
    return ESP_OK;
}

esp_err_t i2s_channel_enable(i2s_chan_handle_t handle) {
    (void)handle;
    burst = setting("STUB_BURST");
    return settings.clk_cfg.sample_rate_hz != 0 ? ESP_OK : 1;
}

esp_err_t i2s_channel_read(i2s_chan_handle_t handle, void* dest, size_t size, size_t* bytes_read,
                           uint32_t timeout_ms) {
    static int reads;
    stub_check(timeout_ms == 1000, "a read that ends");
    if (burst > 1) {
        --burst;
    } else {
        burst = 0;
        sem_wait(&wanted);
    }
    if (reads++ == 0) {
        if (setting("STUB_OVERFLOW")) {
            i2s_event_data_t event = {.dma_buf = NULL, .size = block_frames * sizeof(int32_t)};
            stub_check(!events.on_recv_q_ovf(handle, &event, NULL), "no task to be woken");
        }
        if (setting("STUB_TIMEOUT")) {
            *bytes_read = 0;
            return ESP_ERR_TIMEOUT;
        }
    }
    *bytes_read = fread(dest, 1, size, stdin);
    if (*bytes_read == 0) {
        fflush(stdout);
        _Exit(0);
    }
    return ESP_OK;
}

TaskHandle_t xTaskGetCurrentTaskHandle(void) { return NULL; }
UBaseType_t uxTaskPriorityGet(TaskHandle_t task) { return task == NULL ? 1 : 0; }

static TaskFunction_t started;

static void* run(void* argument) {
    started(argument);
    return NULL;
}

BaseType_t xTaskCreate(TaskFunction_t code, const char* name, uint32_t stack_bytes, void* argument,
                       UBaseType_t priority, TaskHandle_t* created) {
    (void)name;
    (void)created;
    stub_check(stack_bytes >= 2048 && priority > 1, "a task that comes before the main one");
    started = code;
    pthread_t thread;
    return pthread_create(&thread, NULL, run, argument) == 0 ? pdPASS : 0;
}

BaseType_t xTaskNotifyGive(TaskHandle_t task) {
    (void)task;
    if (burst == 0) sem_post(&notified);
    return pdPASS;
}

uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks) {
    stub_check(clear == pdTRUE && ticks == portMAX_DELAY, "waits for the next block");
    sem_post(&wanted);
    sem_wait(&notified);
    return 1;
}

void app_main(void);

int main(void) {
    sem_init(&wanted, 0, 0);
    sem_init(&notified, 0, 0);
    app_main();
    return 0;
}
