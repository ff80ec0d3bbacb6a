// What the dot-product and matrix extensions of arm64 can do.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "cpu.h"
#include "peak.h"

enum { sums = 16 };
#define OPAQUE(x) __asm__ volatile("" : "+w"(x))

#define LOOP(STEP)                                  \
  int8x16_t x = vdupq_n_s8(3), y = vdupq_n_s8(-2);  \
  int32x4_t a[sums];                                \
  for (int i = 0; i < sums; i++) a[i] = vdupq_n_s32(0); \
  OPAQUE(x);                                        \
  OPAQUE(y);                                        \
  for (size_t round = 0; round < rounds; round++) { \
    for (int i = 0; i < sums; i++) {                \
      a[i] = STEP(a[i], x, y);                      \
      OPAQUE(a[i]);                                 \
    }                                               \
  }                                                 \
  int32x4_t total = a[0];                           \
  for (int i = 1; i < sums; i++) total = vaddq_s32(total, a[i]); \
  return (uint32_t)vgetq_lane_s32(total, 0);

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
static uint32_t int8__dotprod(size_t rounds) { LOOP(vdotq_s32) }
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("i8mm"))), apply_to = function)
static uint32_t int8__i8mm(size_t rounds) { LOOP(vmmlaq_s32) }
#pragma clang attribute pop

const peak_kernel peak_kernels__arm[2] = {
    {"int8 by sdot", PEAK_INT8, CPU_DOTPROD, sums * 32, int8__dotprod},
    {"int8 by smmla", PEAK_INT8, CPU_I8MM, sums * 64, int8__i8mm},
};
#endif
