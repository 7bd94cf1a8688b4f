// SPDX-License-Identifier: Apache-2.0
// pico.h in use: two channels of DMA that behave as the data sheet of RP2040 says (2.5). STUB_LATE=N in the
// environment: the interrupt of the first N blocks is held back.

#include "pico.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define SYSTEM_HZ 125000000u

static struct {
    dma_channel_config config;
    uint8_t* first;
    uint64_t place;  // of the next byte; DMA changes the lowest bits alone
    uint count;
    bool has_irq, is_pending;
} channels[2];
static uint claimed, running = 2;
static void (*on_irq)(void);
static bool has_irq, is_sampling;
static int late;

static adc_hw_t adc;
adc_hw_t* const adc_hw = &adc;
static pio_hw_t pio;
const PIO pio0 = &pio;
const pio_program_t pdm_program = {-1};

static void check(bool is_right, const char* what) {
    if (is_right) return;
    fprintf(stderr, "wrong: %s\n", what);
    exit(3);
}

void stdio_init_all(void) {
    const char* text = getenv("STUB_LATE");
    late = text == NULL ? 0 : atoi(text);
}

void panic(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    exit(4);
}

// A block comes in, and the other channel starts.
void __wfi(void) {
    check(running < 2 && is_sampling, "something is sampled");
    uint8_t* const memory = channels[running].first;
    const size_t bytes = (size_t)channels[running].count << channels[running].config.size;
    const uint ring = 1u << channels[running].config.ring_bits;
    for (size_t i = 0; i < bytes; ++i) {
        const int byte = getchar();
        if (byte == EOF) {
            fflush(stdout);
            exit(0);
        }
        memory[channels[running].place] = (uint8_t)byte;
        channels[running].place = (channels[running].place + 1) % ring;
    }
    channels[running].is_pending = true;
    running = channels[running].config.chain_to;
    if (late > 0) {
        --late;
    } else {
        check(has_irq, "the interrupt is enabled");
        on_irq();
    }
}

void irq_set_exclusive_handler(uint number, void (*handler)(void)) {
    check(number == DMA_IRQ_0, "the interrupt of DMA");
    on_irq = handler;
}
void irq_set_enabled(uint number, bool is_enabled) { has_irq = number == DMA_IRQ_0 && is_enabled; }

int dma_claim_unused_channel(bool is_required) {
    check(is_required && claimed < 2, "two channels");
    return (int)claimed++;
}
dma_channel_config dma_channel_get_default_config(uint channel) {
    return (dma_channel_config){.size = DMA_SIZE_32, .increments_read = true, .chain_to = channel};
}
void channel_config_set_transfer_data_size(dma_channel_config* config, enum dma_channel_transfer_size size) {
    config->size = size;
}
void channel_config_set_read_increment(dma_channel_config* config, bool does) {
    config->increments_read = does;
}
void channel_config_set_write_increment(dma_channel_config* config, bool does) {
    config->increments_write = does;
}
void channel_config_set_ring(dma_channel_config* config, bool write, uint bits) {
    config->has_write_ring = write;
    config->ring_bits = bits;
}
void channel_config_set_dreq(dma_channel_config* config, uint request) { config->request = request; }
void channel_config_set_chain_to(dma_channel_config* config, uint channel) { config->chain_to = channel; }
void dma_channel_configure(uint channel, const dma_channel_config* config, volatile void* write,
                           const volatile void* read, uint count, bool is_started) {
    check(!config->increments_read && config->increments_write && config->has_write_ring,
          "from a FIFO to a ring");
    check((uintptr_t)write % (1u << config->ring_bits) == 0, "a ring begins at a multiple of its length");
    check(count << config->size == 1u << config->ring_bits, "a block fills its ring");
    check(read == &adc.fifo ? config->request == DREQ_ADC : read == &pio.rxf[1], "a FIFO and its request");
    check(!is_started, "started when both are ready");
    channels[channel].config = *config;
    channels[channel].first = (uint8_t*)(uintptr_t)write;
    channels[channel].count = count;
}
void dma_channel_set_irq0_enabled(uint channel, bool is_enabled) { channels[channel].has_irq = is_enabled; }
bool dma_channel_get_irq0_status(uint channel) {
    return channels[channel].is_pending && channels[channel].has_irq;
}
void dma_channel_acknowledge_irq0(uint channel) { channels[channel].is_pending = false; }
void dma_channel_start(uint channel) { running = channel; }
bool dma_channel_is_busy(uint channel) { return channel == running; }

void adc_init(void) {}
void adc_gpio_init(uint gpio) { check(gpio == 26, "GP26"); }
void adc_select_input(uint input) { check(input == 0, "input 0, which is GP26"); }
void adc_fifo_setup(bool enabled, bool has_dreq, uint16_t threshold, bool has_error, bool is_byte) {
    check(enabled && has_dreq && threshold == 1 && !has_error && !is_byte, "bare 12 bits, one at a time");
}
void adc_set_clkdiv(float divider) { check(divider == 749.0f, "64 kHz of 48 MHz"); }
void adc_run(bool does) { is_sampling = does; }

int pio_claim_unused_sm(PIO block, bool is_required) { return block == pio0 && is_required ? 1 : -1; }
int pio_add_program(PIO block, const pio_program_t* program) {
    return block == pio0 && program != NULL ? 0 : -1;
}
pio_sm_config pdm_program_get_default_config(uint offset) { return (pio_sm_config){.push_bits = offset}; }
void sm_config_set_sideset_pins(pio_sm_config* config, uint first) {
    check(config != NULL && first == 2, "GP2");
}
void sm_config_set_in_pins(pio_sm_config* config, uint first) { check(config != NULL && first == 3, "GP3"); }
void sm_config_set_in_shift(pio_sm_config* config, bool is_right, bool has_autopush, uint bits) {
    config->is_right_shift = is_right;
    config->has_autopush = has_autopush;
    config->push_bits = bits;
}
void sm_config_set_fifo_join(pio_sm_config* config, enum pio_fifo_join join) {
    check(config != NULL && join == PIO_FIFO_JOIN_RX, "nothing is sent");
}
void sm_config_set_clkdiv(pio_sm_config* config, float divider) { config->divider = divider; }
void pio_gpio_init(PIO block, uint pin) { check(block == pio0 && (pin == 2 || pin == 3), "GP2 and GP3"); }
int pio_sm_set_consecutive_pindirs(PIO block, uint machine, uint first, uint count, bool is_out) {
    check(block == pio0 && machine == 1 && count == 1 && is_out == (first == 2), "the clock is an output");
    return 0;
}
int pio_sm_init(PIO block, uint machine, uint offset, const pio_sm_config* config) {
    check(block == pio0 && machine == 1 && offset == 0, "where the program is");
    check(!config->is_right_shift && config->has_autopush && config->push_bits == 32, "the first bit on top");
    const float clock_hz = (float)SYSTEM_HZ / config->divider / 8;
    check(clock_hz > 2047000.0f && clock_hz < 2049000.0f, "a clock of 2.048 MHz");
    return 0;
}
void pio_sm_set_enabled(PIO block, uint machine, bool is_enabled) {
    is_sampling = block == pio0 && machine == 1 && is_enabled;
}
uint pio_get_dreq(PIO block, uint machine, bool is_tx) { return block == pio0 && !is_tx ? 4 + machine : 0; }
uint32_t clock_get_hz(enum clock_index clock) { return clock == clk_sys ? SYSTEM_HZ : 0; }
