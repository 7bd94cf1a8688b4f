// Instructions that packed clips take of a core; packed_clips.h, made by line_bench.py, holds them. It says
// what hil/bench/program.py reads.

#include "crc32.h"
#include "hal.h"
#include "line/packed.h"
#include "packed_clips.h"
#include "print.h"
#include "probe.h"

#define LOOP_INSTRUCTIONS 2000000u
#define CHECK_INSTRUCTIONS 200000u

static int16_t samples[512];

static void say(const char* name, uint32_t number) {
    kws_print(name);
    kws_print(" ");
    kws_print_number(number);
    kws_print("\n");
}

static uint32_t ticks_of_loop(uint32_t instructions) {
    const uint32_t start = kws_probe_ticks();
    if (instructions) kws_probe_loop(instructions);
    return kws_probe_ticks() - start;
}

int main(void) {
    kws_hal_init();
    kws_print("bench " KWS_BOARD_ID "\n");
    kws_probe_start();
    say("empty", ticks_of_loop(0));
    say("loop", ticks_of_loop(LOOP_INSTRUCTIONS));
    say("check", ticks_of_loop(CHECK_INSTRUCTIONS));
    uint32_t crc = 0, unpack = 0, count = 0;
    const uint8_t* next = packed_clips;
    for (uint32_t frame = 0; frame < PACKED_FRAMES; ++frame) {
        const uint32_t sample_count = next[0] | (uint32_t)next[1] << 8;
        const uint32_t byte_count = next[2] | (uint32_t)next[3] << 8;
        const uint32_t start = kws_probe_ticks();
        const int error = kws_unpack(next + 4, byte_count, samples, sample_count);
        unpack += kws_probe_ticks() - start;
        if (error) kws_print("refused\n");
        crc = kws_crc32(crc, samples, 2 * sample_count);  // these cores have the low byte first
        count += sample_count;
        next += 4 + byte_count;
    }
    say("unpack", unpack);
    say("samples", count);
    say("crc", crc);
    kws_print("end\n");
    kws_hal_stop();
}
