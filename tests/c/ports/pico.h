// SPDX-License-Identifier: Apache-2.0
// As much of pico-sdk as the exported programs call, declared as there, for this computer. What ADC or PIO
// would give comes from standard input, a block of DMA each time the program waits.

#ifndef EARSHOT_TESTS_PICO_H_
#define EARSHOT_TESTS_PICO_H_

#include <stdbool.h>
#include <stdint.h>

typedef unsigned int uint;

void stdio_init_all(void);
void panic(const char* format, ...);
void __wfi(void);

#define DMA_IRQ_0 11
void irq_set_exclusive_handler(uint number, void (*handler)(void));
void irq_set_enabled(uint number, bool is_enabled);

enum dma_channel_transfer_size { DMA_SIZE_8, DMA_SIZE_16, DMA_SIZE_32 };
typedef struct {
    uint size, ring_bits, request, chain_to;
    bool increments_read, increments_write, has_write_ring;
} dma_channel_config;
int dma_claim_unused_channel(bool is_required);
dma_channel_config dma_channel_get_default_config(uint channel);
void channel_config_set_transfer_data_size(dma_channel_config* config, enum dma_channel_transfer_size size);
void channel_config_set_read_increment(dma_channel_config* config, bool does);
void channel_config_set_write_increment(dma_channel_config* config, bool does);
void channel_config_set_ring(dma_channel_config* config, bool write, uint bits);
void channel_config_set_dreq(dma_channel_config* config, uint request);
void channel_config_set_chain_to(dma_channel_config* config, uint channel);
void dma_channel_configure(uint channel, const dma_channel_config* config, volatile void* write,
                           const volatile void* read, uint count, bool is_started);
void dma_channel_set_irq0_enabled(uint channel, bool is_enabled);
bool dma_channel_get_irq0_status(uint channel);
void dma_channel_acknowledge_irq0(uint channel);
void dma_channel_start(uint channel);
bool dma_channel_is_busy(uint channel);

#define DREQ_ADC 36
typedef struct {
    volatile uint32_t fifo;
} adc_hw_t;
extern adc_hw_t* const adc_hw;
void adc_init(void);
void adc_gpio_init(uint gpio);
void adc_select_input(uint input);
void adc_fifo_setup(bool enabled, bool has_dreq, uint16_t threshold, bool has_error, bool is_byte);
void adc_set_clkdiv(float divider);
void adc_run(bool does);

typedef struct {
    volatile uint32_t rxf[4];
} pio_hw_t;
typedef pio_hw_t* PIO;
extern const PIO pio0;
typedef struct {
    int origin;
} pio_program_t;
typedef struct {
    float divider;
    bool is_right_shift, has_autopush;
    uint push_bits;
} pio_sm_config;
enum pio_fifo_join { PIO_FIFO_JOIN_NONE, PIO_FIFO_JOIN_TX, PIO_FIFO_JOIN_RX };
int pio_claim_unused_sm(PIO pio, bool is_required);
int pio_add_program(PIO pio, const pio_program_t* program);
void sm_config_set_sideset_pins(pio_sm_config* config, uint first);
void sm_config_set_in_pins(pio_sm_config* config, uint first);
void sm_config_set_in_shift(pio_sm_config* config, bool is_right, bool has_autopush, uint bits);
void sm_config_set_fifo_join(pio_sm_config* config, enum pio_fifo_join join);
void sm_config_set_clkdiv(pio_sm_config* config, float divider);
void pio_gpio_init(PIO pio, uint pin);
int pio_sm_set_consecutive_pindirs(PIO pio, uint machine, uint first, uint count, bool is_out);
int pio_sm_init(PIO pio, uint machine, uint offset, const pio_sm_config* config);
void pio_sm_set_enabled(PIO pio, uint machine, bool is_enabled);
uint pio_get_dreq(PIO pio, uint machine, bool is_tx);
enum clock_index { clk_sys = 5 };
uint32_t clock_get_hz(enum clock_index clock);

// What pioasm makes of pdm.pio.
extern const pio_program_t pdm_program;
pio_sm_config pdm_program_get_default_config(uint offset);

#endif  // EARSHOT_TESTS_PICO_H_
