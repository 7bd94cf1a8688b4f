// SPDX-License-Identifier: Apache-2.0
// As much of ESP-IDF 5 as the exported example calls, declared as there, for this computer. The microphone is
// standard input: slots of 32 bits. Driver and main task take turns, so that each run is the same.

#ifndef EARSHOT_TESTS_ESP_IDF_H_
#define EARSHOT_TESTS_ESP_IDF_H_

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CONFIG_MICROPHONE_BCLK_GPIO 26
#define CONFIG_MICROPHONE_WS_GPIO 25
#define CONFIG_MICROPHONE_DIN_GPIO 33
#define CONFIG_MICROPHONE_GAIN_STEPS 4

typedef int esp_err_t;
#define ESP_OK 0
#define ESP_ERR_TIMEOUT 0x107
#define IRAM_ATTR
#define ESP_ERROR_CHECK(call) stub_check((call) == ESP_OK, #call)
#define ESP_LOGE(tag, ...) (printf("E %s: ", tag), printf(__VA_ARGS__), printf("\n"))
#define ESP_LOGW(tag, ...) (printf("W %s: ", tag), printf(__VA_ARGS__), printf("\n"))
const char* esp_err_to_name(esp_err_t error);
void stub_check(bool is_right, const char* what);

typedef enum { GPIO_NUM_NC = -1, GPIO_NUM_MAX = 49 } gpio_num_t;
#define I2S_GPIO_UNUSED GPIO_NUM_NC
#define I2S_NUM_AUTO -1
typedef enum { I2S_ROLE_MASTER } i2s_role_t;
typedef enum { I2S_DATA_BIT_WIDTH_32BIT = 32 } i2s_data_bit_width_t;
typedef enum { I2S_SLOT_BIT_WIDTH_AUTO = 0 } i2s_slot_bit_width_t;
typedef enum { I2S_SLOT_MODE_MONO = 1 } i2s_slot_mode_t;
typedef enum { I2S_STD_SLOT_LEFT = 1, I2S_STD_SLOT_BOTH = 3 } i2s_std_slot_mask_t;

typedef struct i2s_channel_obj_t* i2s_chan_handle_t;
typedef struct {
    int id;
    i2s_role_t role;
    uint32_t dma_desc_num;
    uint32_t dma_frame_num;
    bool auto_clear;
} i2s_chan_config_t;
#define I2S_CHANNEL_DEFAULT_CONFIG(number, its_role) \
    {.id = number, .role = its_role, .dma_desc_num = 6, .dma_frame_num = 240, .auto_clear = false}

typedef struct {
    uint32_t sample_rate_hz;
} i2s_std_clk_config_t;
#define I2S_STD_CLK_DEFAULT_CONFIG(rate) {.sample_rate_hz = rate}
typedef struct {
    i2s_data_bit_width_t data_bit_width;
    i2s_slot_bit_width_t slot_bit_width;
    i2s_slot_mode_t slot_mode;
    i2s_std_slot_mask_t slot_mask;
    bool bit_shift;
} i2s_std_slot_config_t;
#define I2S_STD_PHILIPS_SLOT_DEFAULT_CONFIG(bits, mode) \
    {.data_bit_width = bits,                            \
     .slot_bit_width = I2S_SLOT_BIT_WIDTH_AUTO,         \
     .slot_mode = mode,                                 \
     .slot_mask = I2S_STD_SLOT_BOTH,                    \
     .bit_shift = true}
typedef struct {
    gpio_num_t mclk, bclk, ws, dout, din;
    struct {
        uint32_t mclk_inv : 1, bclk_inv : 1, ws_inv : 1;
    } invert_flags;
} i2s_std_gpio_config_t;
typedef struct {
    i2s_std_clk_config_t clk_cfg;
    i2s_std_slot_config_t slot_cfg;
    i2s_std_gpio_config_t gpio_cfg;
} i2s_std_config_t;
typedef struct {
    void* dma_buf;
    size_t size;
} i2s_event_data_t;
typedef bool (*i2s_isr_callback_t)(i2s_chan_handle_t handle, i2s_event_data_t* event, void* user_ctx);
typedef struct {
    i2s_isr_callback_t on_recv, on_recv_q_ovf, on_sent, on_send_q_ovf;
} i2s_event_callbacks_t;

esp_err_t i2s_new_channel(const i2s_chan_config_t* config, i2s_chan_handle_t* tx, i2s_chan_handle_t* rx);
esp_err_t i2s_channel_init_std_mode(i2s_chan_handle_t handle, const i2s_std_config_t* config);
esp_err_t i2s_channel_register_event_callback(i2s_chan_handle_t handle,
                                              const i2s_event_callbacks_t* callbacks, void* user_data);
esp_err_t i2s_channel_enable(i2s_chan_handle_t handle);
esp_err_t i2s_channel_read(i2s_chan_handle_t handle, void* dest, size_t size, size_t* bytes_read,
                           uint32_t timeout_ms);

typedef struct tskTaskControlBlock* TaskHandle_t;
typedef void (*TaskFunction_t)(void*);
typedef int BaseType_t;
typedef unsigned UBaseType_t;
typedef uint32_t TickType_t;
#define pdTRUE 1
#define pdPASS 1
#define portMAX_DELAY 0xFFFFFFFFu
TaskHandle_t xTaskGetCurrentTaskHandle(void);
UBaseType_t uxTaskPriorityGet(TaskHandle_t task);
BaseType_t xTaskCreate(TaskFunction_t code, const char* name, uint32_t stack_bytes, void* argument,
                       UBaseType_t priority, TaskHandle_t* created);
BaseType_t xTaskNotifyGive(TaskHandle_t task);
uint32_t ulTaskNotifyTake(BaseType_t clear, TickType_t ticks);

#endif  // EARSHOT_TESTS_ESP_IDF_H_
