// SPDX-License-Identifier: Apache-2.0
// Single instructions of the DSP extension that C cannot name.

#ifndef EARSHOT_KERNELS_DSP_H_
#define EARSHOT_KERNELS_DSP_H_

#include <stdint.h>

#include "../compiler.h"

#if KWS_HAS_DSP

#include <arm_acle.h>

KWS_BEGIN_CODE

typedef uint32_t KWS_MAY_ALIAS(1) kws_unaligned_word;

// Any four bytes; the cores with DSP load words from any address.
KWS_INLINE uint32_t kws_load_word(const void* bytes) { return *(const kws_unaligned_word*)bytes; }

KWS_INLINE void kws_store_word(void* bytes, uint32_t word) { *(kws_unaligned_word*)bytes = word; }

// Two words from an address that is a multiple of four.
typedef struct kws_words {
    uint32_t low, high;
} kws_words;

typedef uint64_t KWS_MAY_ALIAS(4) kws_word_pair;

KWS_INLINE kws_words kws_load_words(const void* bytes) {
    kws_words words;
    // GCC would load them one by one.
    __asm__("ldrd %0, %1, %2" : "=r"(words.low), "=&r"(words.high) : "m"(*(const kws_word_pair*)bytes));
    return words;
}

// Two words from a place that is counted up to the next two.
KWS_INLINE kws_words kws_next_words(const int16_t** place) {
    kws_words words;
    __asm__ volatile("ldrd %0, %1, [%2], #8"
                     : "=&r"(words.low), "=&r"(words.high), "+r"(*place)
                     :
                     : "memory");
    return words;
}

// The same of one word.
KWS_INLINE uint32_t kws_next_word(const int16_t** place) {
    uint32_t word;
    __asm__ volatile("ldr %0, [%1], #4" : "=&r"(word), "+r"(*place) : : "memory");
    return word;
}

// Two words to an address that is a multiple of four.
KWS_INLINE void kws_store_words(void* bytes, uint32_t low, uint32_t high) {
    __asm__("strd %1, %2, %0" : "=m"(*(kws_word_pair*)bytes) : "r"(low), "r"(high));
}

// One word, or two where `count` is more than one; LDRD takes those from a multiple of four alone.
KWS_INLINE kws_words kws_load_some_words(const void* bytes, int32_t count, int32_t is_aligned) {
    kws_words words = {0, 0};
    if (count > 1 && is_aligned) return kws_load_words(bytes);
    words.low = kws_load_word(bytes);
    if (count > 1) words.high = kws_load_word((const uint8_t*)bytes + 4);
    return words;
}

// sum + a.low * b.low + a.high * b.high
KWS_INLINE int32_t kws_smlad(uint32_t a, uint32_t b, int32_t sum) {
    // The intrinsic would let GCC move sums from register to register, until there are none left.
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

// The same where the sum that comes in is needed again.
KWS_INLINE int32_t kws_smlad_from(uint32_t a, uint32_t b, int32_t start) {
    int32_t sum;
    __asm__("smlad %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(start));
    return sum;
}

// Adds to five sums the products of a pair of halfwords and the next five pairs from memory, at a multiple of
// four. Returns where the pairs end.
//
// is_first      whether the sums are `start` before
KWS_INLINE const int16_t* kws_add_five_products(int32_t* sums, const int16_t* pairs, uint32_t factor,
                                                int32_t start, int32_t is_first) {
#ifdef __clang__
    KWS_UNROLL for (int32_t i = 0; i < 5; ++i, pairs += 2) {
        sums[i] = kws_smlad(kws_load_word(pairs), factor, is_first ? start : sums[i]);
    }
#else
    // By names of registers: LDM takes them in their order. Those left out may have a task of their own, such
    // as to point to the frame.
    int32_t a, b, c, d, e = is_first ? start : sums[4];
    if (is_first) {
        __asm__ volatile(
            "ldmia %0!, {r6, r8, r10, r12, lr}\n\t"
            "smlad %1, r6, %6, %5\n\tsmlad %2, r8, %6, %5\n\tsmlad %3, r10, %6, %5\n\t"
            "smlad %4, r12, %6, %5\n\tsmlad %5, lr, %6, %5"
            : "+r"(pairs), "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "+r"(e)
            : "r"(factor)
            : "r6", "r8", "r10", "r12", "lr", "memory");
    } else {
        a = sums[0], b = sums[1], c = sums[2], d = sums[3];
        __asm__ volatile(
            "ldmia %0!, {r6, r8, r10, r12, lr}\n\t"
            "smlad %1, r6, %6, %1\n\tsmlad %2, r8, %6, %2\n\tsmlad %3, r10, %6, %3\n\t"
            "smlad %4, r12, %6, %4\n\tsmlad %5, lr, %6, %5"
            : "+r"(pairs), "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e)
            : "r"(factor)
            : "r6", "r8", "r10", "r12", "lr", "memory");
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d, sums[4] = e;
#endif
    return pairs;
}

// The same of two pairs: five neighbouring pairs from memory meet the first, the five from the next one on
// meet the second. `pairs` stays.
KWS_INLINE void kws_add_ten_products(int32_t* sums, const int16_t* pairs, kws_words factors, int32_t start,
                                     int32_t is_first) {
#ifdef __clang__
    (void)kws_add_five_products(sums, pairs, factors.low, start, is_first);
    (void)kws_add_five_products(sums, pairs + 2, factors.high, 0, 0);
#else
    int32_t a, b, c, d, e = is_first ? start : sums[4];
    if (is_first) {
        __asm__ volatile(
            "ldmia %5, {r6, r8, r10, r12, lr}\n\t"
            "smlad %0, r6, %6, %4\n\tsmlad %1, r8, %6, %4\n\tsmlad %2, r10, %6, %4\n\t"
            "smlad %3, r12, %6, %4\n\tsmlad %4, lr, %6, %4\n\tldr r6, [%5, #20]\n\t"
            "smlad %0, r8, %7, %0\n\tsmlad %1, r10, %7, %1\n\tsmlad %2, r12, %7, %2\n\t"
            "smlad %3, lr, %7, %3\n\tsmlad %4, r6, %7, %4"
            : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "+r"(e)
            : "r"(pairs), "r"(factors.low), "r"(factors.high)
            : "r6", "r8", "r10", "r12", "lr", "memory");
    } else {
        a = sums[0], b = sums[1], c = sums[2], d = sums[3];
        __asm__ volatile(
            "ldmia %5, {r6, r8, r10, r12, lr}\n\t"
            "smlad %0, r6, %6, %0\n\tsmlad %1, r8, %6, %1\n\tsmlad %2, r10, %6, %2\n\t"
            "smlad %3, r12, %6, %3\n\tsmlad %4, lr, %6, %4\n\tldr r6, [%5, #20]\n\t"
            "smlad %0, r8, %7, %0\n\tsmlad %1, r10, %7, %1\n\tsmlad %2, r12, %7, %2\n\t"
            "smlad %3, lr, %7, %3\n\tsmlad %4, r6, %7, %4"
            : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e)
            : "r"(pairs), "r"(factors.low), "r"(factors.high)
            : "r6", "r8", "r10", "r12", "lr", "memory");
    }
    sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d, sums[4] = e;
#endif
}

// Copies `fives` times five neighbouring words, each time from a word further on; 1 or 2 times. Returns where
// the next five belong.
KWS_INLINE int16_t* kws_copy_fives(const int16_t* from, int16_t* to, int32_t fives) {
#ifdef __clang__
    for (int32_t i = 0; i < fives; ++i, to += 10) {
        KWS_UNROLL for (int32_t k = 0; k < 10; k += 2)
            kws_store_word(to + k, kws_load_word(from + 2 * i + k));
    }
#else
    if (fives == 1) {
        __asm__ volatile("ldmia %1, {r4, r5, r6, r8, r10}\n\tstmia %0!, {r4, r5, r6, r8, r10}"
                         : "+r"(to)
                         : "r"(from)
                         : "r4", "r5", "r6", "r8", "r10", "memory");
    } else {
        __asm__ volatile(
            "ldmia %1, {r4, r5, r6, r8, r10, r12}\n\t"
            "stmia %0!, {r4, r5, r6, r8, r10}\n\tstmia %0!, {r5, r6, r8, r10, r12}"
            : "+r"(to)
            : "r"(from)
            : "r4", "r5", "r6", "r8", "r10", "r12", "memory");
    }
#endif
    return to;
}

// Of each half.
KWS_INLINE uint32_t kws_add_halves(uint32_t a, uint32_t b) {
    return (uint32_t)__sadd16((int16x2_t)a, (int16x2_t)b);
}

// Bytes 0 and 2, sign-extended to a pair of halfwords.
KWS_INLINE uint32_t kws_sxtb16(uint32_t bytes) { return (uint32_t)__sxtb16((int8x4_t)bytes); }

// Bytes 1 and 3.
KWS_INLINE uint32_t kws_sxtb16_odd(uint32_t bytes) {
    uint32_t pair;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(pair) : "r"(bytes));
    return pair;
}

// value + byte n of a word, sign-extended.
#define KWS_ADD_BYTE(n, rotation)                                                  \
    KWS_INLINE int32_t kws_add_byte_##n(int32_t value, uint32_t bytes) {           \
        int32_t sum;                                                               \
        __asm__("sxtab %0, %1, %2" rotation : "=r"(sum) : "r"(value), "r"(bytes)); \
        return sum;                                                                \
    }
KWS_ADD_BYTE(0, "")
KWS_ADD_BYTE(1, ", ror #8")
KWS_ADD_BYTE(2, ", ror #16")
KWS_ADD_BYTE(3, ", ror #24")

// The sums of halves and bytes 0 and 2, or 1 and 3, of a word.
KWS_INLINE uint32_t kws_add_even_bytes(uint32_t halves, uint32_t bytes) {
    __asm__("sxtab16 %0, %0, %1" : "+r"(halves) : "r"(bytes));
    return halves;
}

KWS_INLINE uint32_t kws_add_odd_bytes(uint32_t halves, uint32_t bytes) {
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(halves) : "r"(bytes));
    return halves;
}

// The larger of each two signed bytes.
KWS_INLINE uint32_t kws_larger_bytes(uint32_t a, uint32_t b) {
    (void)__ssub8((int8x4_t)a, (int8x4_t)b);  // leaves in the flags where a is not smaller
    return (uint32_t)__sel((uint8x4_t)a, (uint8x4_t)b);
}

// addend + (a * b + 2^31) / 2^32, rounded down.
KWS_INLINE int32_t kws_smmlar(int32_t a, int32_t b, int32_t addend) {
    int32_t sum;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(sum) : "r"(a), "r"(b), "r"(addend));
    return sum;
}

// The same without addend.
KWS_INLINE int32_t kws_smmulr(int32_t a, int32_t b) {
    int32_t product;
    __asm__("smmulr %0, %1, %2" : "=r"(product) : "r"(a), "r"(b));
    return product;
}

// The pairs of the low and of the high halfwords of two pairs.
KWS_INLINE uint32_t kws_low_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(pair) : "r"(a), "r"(b));
    return pair;
}

KWS_INLINE uint32_t kws_high_halves(uint32_t a, uint32_t b) {
    uint32_t pair;
    __asm__("pkhtb %0, %1, %2, asr #16" : "=r"(pair) : "r"(b), "r"(a));
    return pair;
}

KWS_END_CODE

#endif

#endif  // EARSHOT_KERNELS_DSP_H_
