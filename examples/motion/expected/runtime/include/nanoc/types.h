/* What generated code and kernels have in common: alignment, assertions, the CPU's abilities. C99, usable from C++. */
#ifndef NANOC_TYPES_H
#define NANOC_TYPES_H

#include <stddef.h>
#include <stdint.h>

/** Version of the interface between generated code and kernels. */
#define NANOC_ABI 1

#if defined(__GNUC__)
#define NANOC_ALIGNED(n) __attribute__((aligned(n)))
#define NANOC_NOINLINE __attribute__((noinline))
#else
#define NANOC_ALIGNED(n)
#define NANOC_NOINLINE
#endif

/* A constant that is copied into fast RAM before main(), as initialised data is (docs/MEMORY.md). A project may give it a place of its own. */
#if !defined(NANOC_FAST)
#if defined(ESP_PLATFORM)
#define NANOC_FAST __attribute__((section(".dram1.nanoc_fast")))
#elif defined(__GNUC__) && defined(__ELF__)
#define NANOC_FAST __attribute__((section(".nanoc_fast")))
#else
#define NANOC_FAST
#endif
#endif

#if defined(__cplusplus)
#define NANOC_STATIC_ASSERT(condition, message) static_assert(condition, message)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define NANOC_STATIC_ASSERT(condition, message) _Static_assert(condition, message)
#else
#define NANOC_STATIC_ASSERT_NAME2(line) nanoc_static_assert_##line
#define NANOC_STATIC_ASSERT_NAME(line) NANOC_STATIC_ASSERT_NAME2(line)
#define NANOC_STATIC_ASSERT(condition, message) typedef char NANOC_STATIC_ASSERT_NAME(__LINE__)[(condition) ? 1 : -1]
#endif

/** float32 values that C has no literal for. */
#if defined(__GNUC__)
#define NANOC_INFINITY __builtin_inff()
#define NANOC_NAN __builtin_nanf("")
#else
#define NANOC_INFINITY ((float)(1e300 * 1e300))
#define NANOC_NAN (NANOC_INFINITY * 0.0f)
#endif

/** 1 where float arithmetic is done by hardware; 0 chooses integer code that gives the same bytes. */
#ifndef NANOC_FPU
#if (defined(__arm__) && !defined(__ARM_FP)) || (defined(__riscv) && !defined(__riscv_flen)) || (defined(__XTENSA__) && defined(__XTENSA_SOFT_FLOAT__))
#define NANOC_FPU 0
#else
#define NANOC_FPU 1
#endif
#endif

#endif
