// SPDX-License-Identifier: Apache-2.0
// Answers the serial protocol of MLPerf Tiny, so that its public runner can drive a board:
// docs/MLPERF_TINY.md.
//
// A command ends with '%', the answer to it with the line m-ready. Nothing is protected by a checksum: a byte
// that is lost is noticed only because one is missing. What proves a board is the program proof.

#include <stdint.h>
#include <string.h>

#include "hal.h"
#include "model/model.h"
#include "print.h"

#define COMMAND_END '%'
#define COMMAND_BYTES 80u
#define CHUNK_BYTES 64u
#define DEFAULT_INFERENCES 1u
#define DEFAULT_WARMUPS 10u
#define PRINTED_BYTES_PER_LINE 8u
#define NO_NUMBER UINT32_MAX
#define LARGEST_NUMBER 999999999u
#define LINE_END "\r\n"
#define VERSION "ULPMark for tinyML Firmware V0.0.1"  // of the protocol, as the runner knows it

// The runner's data for kws01 are 49 x 10 MFCCs; a model that comes with a front end takes other features.
#ifdef KWS_HAS_FRONT_END
#define IS_KWS01 0
#else
#define IS_KWS01 (KWS_INPUT_BYTES == 49 * 10 && KWS_OUTPUT_COUNT == 12)
#endif

static char command[COMMAND_BYTES + 1];
static size_t command_length;  // counts on where the command is too long to be kept
static char* rest;             // of the command, behind the words taken

static kws_model model;
static uint8_t buffer[KWS_INPUT_BYTES];
static uint32_t expected_bytes, loaded_bytes;
static int model_error;
static int has_results;

static void print_line(const char* before, uint32_t number, const char* after) {
    kws_print(before);
    kws_print_number(number);
    kws_print(after);
    kws_print(LINE_END);
}

static void complain(const char* mistake, const char* about) {
    kws_print("e-[");
    kws_print(mistake);
    kws_print(about);
    kws_print("]" LINE_END);
}

static void print_timestamp(void) { print_line("m-lap-us-", kws_hal_clock_ms() * 1000u, ""); }

static void print_ready(void) { kws_print("m-ready" LINE_END); }

// Words of the command

static int is(const char* word, const char* other) { return strcmp(word, other) == 0; }

// The next word, empty where there is none.
static const char* next_word(void) {
    while (*rest == ' ') ++rest;
    const char* word = rest;
    while (*rest != '\0' && *rest != ' ') ++rest;
    if (*rest == ' ') *rest++ = '\0';
    return word;
}

// The next word as a number, `absent` where there is none, NO_NUMBER where it is something else.
static uint32_t next_number(uint32_t absent) {
    const char* word = next_word();
    if (*word == '\0') return absent;
    uint32_t number = 0;
    for (; *word != '\0'; ++word) {
        if (*word < '0' || *word > '9' || number > LARGEST_NUMBER / 10) return NO_NUMBER;
        number = 10 * number + (uint32_t)(*word - '0');
    }
    return number;
}

// 0 to 15, -1 where it is no hexadecimal digit.
static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

// db: the input, sent in pieces

static void expect_bytes(void) {
    const uint32_t count = next_number(NO_NUMBER);
    if (count == 0 || count == NO_NUMBER) {
        complain("db load: expected a number of bytes", "");
    } else if (count > KWS_INPUT_BYTES) {
        print_line("e-[db load: the model's input has only ", KWS_INPUT_BYTES, " bytes]");
    } else {
        expected_bytes = count;
        loaded_bytes = 0;
        print_line("m-[Expecting ", count, " bytes]");
    }
}

static void print_bytes(void) {
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < loaded_bytes; ++i) {
        const char text[] = {'-', digits[buffer[i] >> 4], digits[buffer[i] & 15], '\0'};
        if (i % PRINTED_BYTES_PER_LINE == 0) kws_print("m-buffer");
        kws_print(text);
        if ((i + 1) % PRINTED_BYTES_PER_LINE == 0 || i + 1 == loaded_bytes) kws_print(LINE_END);
    }
}

// Takes all of a word or nothing; digits behind the last byte expected mean nothing.
static void load_bytes(const char* word) {
    if (loaded_bytes == expected_bytes) {
        complain("db: no bytes are expected; say db load first", "");
        return;
    }
    const size_t digits = strlen(word);
    if (digits % 2 != 0) {
        complain("db: expected two digits for each byte", "");
        return;
    }
    for (size_t i = 0; i < digits; ++i) {
        if (hex_value(word[i]) < 0) {
            complain("db: expected hexadecimal digits, found ", word);
            return;
        }
    }
    for (size_t i = 0; i < digits && loaded_bytes < expected_bytes; i += 2) {
        buffer[loaded_bytes++] = (uint8_t)(16 * hex_value(word[i]) + hex_value(word[i + 1]));
    }
    if (loaded_bytes == expected_bytes) kws_print("m-load-done" LINE_END);
}

static void answer_db(void) {
    const char* word = next_word();
    if (*word == '\0') {
        complain("db: expected load, print or bytes", "");
    } else if (is(word, "load")) {
        expect_bytes();
    } else if (is(word, "print")) {
        print_bytes();
    } else {
        load_bytes(word);
    }
}

// infer

// "0.996" of 255 * 0.00390625: not rounded but cut, as the reference firmware does.
static void print_score(int8_t score) {
    const float value = (float)(score - KWS_OUTPUT_ZERO_POINT) * KWS_OUTPUT_SCALE;
    const uint32_t thousandths = (uint32_t)((value < 0 ? -value : value) * 1000.0f);
    if (value < 0) kws_print("-");
    kws_print_number(thousandths / 1000);
    const char decimals[] = {'.', (char)('0' + thousandths / 100 % 10), (char)('0' + thousandths / 10 % 10),
                             (char)('0' + thousandths % 10), '\0'};
    kws_print(decimals);
}

static void print_results(void) {
    if (!has_results) {
        complain("results: there are none; say infer first", "");
        return;
    }
    const int8_t* scores = kws_model_output(&model);
    kws_print("m-results-");
    for (size_t i = 0; i < KWS_OUTPUT_COUNT; ++i) {
        kws_print(i == 0 ? "[" : ",");
        print_score(scores[i]);
    }
    kws_print("]" LINE_END);
}

// The input is written each time: its memory serves the inference for other things.
static int infer(uint32_t count) {
    for (uint32_t i = 0; i < count && !model_error; ++i) {
        memcpy(kws_model_input(&model), buffer, KWS_INPUT_BYTES);
        model_error = kws_model_invoke(&model);
        has_results = !model_error;
    }
    if (model_error) complain("infer: ", kws_model_error(&model));
    return model_error;
}

static void answer_infer(void) {
    const uint32_t count = next_number(DEFAULT_INFERENCES), warmups = next_number(DEFAULT_WARMUPS);
    if (count == 0 || count == NO_NUMBER || warmups == NO_NUMBER) {
        complain("infer: expected 1 or more inferences, then 0 or more to warm up", "");
        return;
    }
    if (loaded_bytes != KWS_INPUT_BYTES) {
        kws_print("e-[infer: the input has ");
        kws_print_number(loaded_bytes);
        print_line(" bytes, expected ", KWS_INPUT_BYTES, "; say db load first]");
        return;
    }
    print_line("m-warmup-start-", warmups, "");
    if (infer(warmups)) return;
    kws_print("m-warmup-done" LINE_END);
    print_line("m-infer-start-", count, "");
    print_timestamp();
    if (infer(count)) return;
    print_timestamp();
    kws_print("m-infer-done" LINE_END);
    print_results();
}

// The other commands

static void print_profile(void) {
    kws_print("m-profile-[" VERSION "]" LINE_END "m-model-[");
    if (IS_KWS01) {
        kws_print("kws01");
    } else {
        kws_print("earshot-");
        kws_print_number(KWS_INPUT_BYTES);
        kws_print("-");
        kws_print_number(KWS_OUTPUT_COUNT);
    }
    kws_print("]" LINE_END);
}

static void print_help(void) {
    kws_print(VERSION LINE_END LINE_END);
    kws_print("name               the board" LINE_END);
    kws_print("profile            protocol and model" LINE_END);
    kws_print("timestamp          time since the start" LINE_END);
    kws_print("db load N          N bytes of input will follow" LINE_END);
    kws_print("db HH[HH]...       some of them, hexadecimal" LINE_END);
    kws_print("db print           those that have arrived" LINE_END);
    kws_print("infer [N=1 [W=10]] W inferences to warm up, then N that are timed" LINE_END);
    kws_print("results            scores of the last inference" LINE_END);
}

static void answer(void) {
    rest = command;
    const char* word = next_word();
    if (is(word, "name")) {
        kws_print("m-name-dut-[" KWS_BOARD_ID "]" LINE_END);
    } else if (is(word, "profile")) {
        print_profile();
    } else if (is(word, "timestamp")) {
        print_timestamp();
    } else if (is(word, "db")) {
        answer_db();
    } else if (is(word, "infer")) {
        answer_infer();
    } else if (is(word, "results")) {
        print_results();
    } else if (is(word, "help")) {
        print_help();
    } else {
        complain("Unknown command: ", word);
    }
}

// Line ends are nothing, so that people can type.
static void take(char byte) {
    if (byte == COMMAND_END) {
        if (command_length > COMMAND_BYTES) {
            print_line("e-[A command has at most ", COMMAND_BYTES, " bytes]");
        } else {
            command[command_length] = '\0';
            answer();
        }
        command_length = 0;
        print_ready();
    } else if (byte != '\r' && byte != '\n') {
        if (command_length < COMMAND_BYTES) command[command_length] = byte;
        if (command_length <= COMMAND_BYTES) ++command_length;
    }
}

int main(void) {
    static uint8_t received[CHUNK_BYTES];
    kws_hal_init();
    kws_print("m-timestamp-mode-performance" LINE_END);
    print_timestamp();
    model_error = kws_model_init(&model);
    if (model_error) complain("the model cannot run: ", kws_model_error(&model));
    kws_print("m-init-done" LINE_END);
    print_ready();
    for (;;) {
        const size_t count = kws_hal_serial_read(received, CHUNK_BYTES);
        if (count == 0) kws_hal_idle();
        for (size_t i = 0; i < count; ++i) take((char)received[i]);
    }
}
