// SPDX-License-Identifier: Apache-2.0
// What compilers do not agree on. Everything else of kernels and front end is the common subset of
// C99 to C23 and C++11 to C++20 (ADR 21).
//
// GCC and clang are told more than the standards can say. Any other compiler gets plain code, which gives
// the same bits.

#ifndef EARSHOT_COMPILER_H_
#define EARSHOT_COMPILER_H_

#include <stdint.h>

#if defined(__GNUC__)
#define KWS_GNU 1  // GCC, clang, and those that are made from them
#else
#define KWS_GNU 0
#endif

// A computer has registers enough, and leaves the optimization to the build.
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__)
#define KWS_FEW_REGISTERS 0
#else
#define KWS_FEW_REGISTERS 1
#endif

// Instructions that the core has, and that the compiler lets us name.
#if KWS_GNU && defined(__ARM_FEATURE_MVE)
#define KWS_HAS_MVE 1  // the vectors of Armv8.1-M, and DSP with them
#else
#define KWS_HAS_MVE 0
#endif
#if KWS_GNU && (KWS_HAS_MVE || defined(__ARM_FEATURE_DSP))
#define KWS_HAS_DSP 1
#else
#define KWS_HAS_DSP 0
#endif
// 32 x 32 bits to 64 in one instruction, or 32 bits alone, and more takes a function.
#if KWS_GNU && defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 2
#define KWS_HAS_LONG_PRODUCTS 1
#else
#define KWS_HAS_LONG_PRODUCTS 0
#endif
#if defined(KWS_HAS_SHORT_PRODUCTS)  // by a test of the front end, which a computer runs as such a core would
#elif defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1 && !defined(__ARM_ARCH_ISA_ARM)
#define KWS_HAS_SHORT_PRODUCTS 1  // Cortex-M0, M0+, M23
#else
#define KWS_HAS_SHORT_PRODUCTS 0
#endif
#if KWS_GNU && defined(__ARM_FEATURE_SAT)
#define KWS_HAS_SATURATION 1
#define KWS_SATURATE_TO_8_BITS(result, value) __asm__("ssat %0, #8, %1" : "=r"(result) : "r"(value))
#else
#define KWS_HAS_SATURATION 0
#endif

// All code stands between KWS_BEGIN_CODE and KWS_END_CODE. There, functions have the names that C gives them,
// and are compiled in one way whatever the build says:
//
// - Kernels are written such that what they need at a time fits into the registers. GCC's scheduling before
//   those are allocated moves loads forward until it does not. Nor is there one to spare for the frame.
// - A core with DSP loads words from any address. Clang would load them byte by byte where nobody tells it.
#if KWS_GNU && !defined(__clang__) && KWS_FEW_REGISTERS
#define KWS_BEGIN_OPTIONS \
    _Pragma("GCC push_options") KWS_PRAGMA(GCC optimize("O2", "no-schedule-insns", "omit-frame-pointer"))
#define KWS_END_OPTIONS _Pragma("GCC pop_options")
#elif defined(__clang__) && KWS_HAS_DSP && !defined(__ARM_FEATURE_UNALIGNED)
// Where there is no function, as in a front end that is switched off, it would warn.
#define KWS_BEGIN_OPTIONS                                                                             \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wpragma-clang-attribute\"") \
        _Pragma("clang attribute push(__attribute__((target(\"no-strict-align\"))), apply_to = function)")
#define KWS_END_OPTIONS _Pragma("clang attribute pop") _Pragma("clang diagnostic pop")
#else
#define KWS_BEGIN_OPTIONS
#define KWS_END_OPTIONS
#endif
#ifdef __cplusplus
#define KWS_BEGIN_CODE KWS_BEGIN_OPTIONS extern "C" {
#define KWS_END_CODE \
    }                \
    KWS_END_OPTIONS
#else
#define KWS_BEGIN_CODE KWS_BEGIN_OPTIONS
#define KWS_END_CODE KWS_END_OPTIONS
#endif

// KWS_STATIC_ASSERT(condition, "what is wrong");
#if defined(__cplusplus)
#define KWS_STATIC_ASSERT(condition, message) static_assert(condition, message)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define KWS_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#else  // an array of -1 items where it does not hold
#define KWS_STATIC_ASSERT(condition, message) extern const char kws_static_assert[(condition) ? 1 : -1]
#endif

// A function that is worth nothing unless it is inlined.
#if KWS_GNU
#define KWS_INLINE static inline __attribute__((always_inline))
#else
#define KWS_INLINE static inline
#endif

// A function that is too long to stand wherever it is called.
#if KWS_GNU
#define KWS_APART static __attribute__((noinline, unused))
#else
#define KWS_APART static inline
#endif

// Before a loop: KWS_UNROLL, wholly; KWS_UNROLL_BY(count), so many rounds at a time.
#define KWS_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define KWS_UNROLL KWS_PRAGMA(clang loop unroll(full))
#define KWS_UNROLL_BY(count) KWS_PRAGMA(clang loop unroll_count(count))
#elif KWS_GNU
#define KWS_UNROLL KWS_PRAGMA(GCC unroll 64)
#define KWS_UNROLL_BY(count) KWS_PRAGMA(GCC unroll count)
#else
#define KWS_UNROLL
#define KWS_UNROLL_BY(count)
#endif

// Tells the compiler to compute a value here, in this order, and not to keep what it is made of for later:
// there are not enough registers to. It emits no instruction.
#if KWS_GNU
#define KWS_NOW(value) __asm__ volatile("" : "+r"(value))
#else
#define KWS_NOW(value) ((void)0)
#endif

// Of a type: memory of any other type may be read as this one, at multiples of so many bytes.
#if KWS_GNU
#define KWS_MAY_ALIAS(bytes) __attribute__((may_alias, aligned(bytes)))
#endif

// Zeros before the first one; value is not 0.
static inline unsigned kws_leading_zeros(uint64_t value) {
#if KWS_GNU
    return (unsigned)__builtin_clzll(value);
#else
    unsigned count = 0;
    for (; !(value >> 63); value <<= 1) ++count;
    return count;
#endif
}

#endif  // EARSHOT_COMPILER_H_
