// Products of byte activations with quantised panels on arm64 with the matrix-multiplication extension: smmla multiplies two rows of
// eight columns with two tokens.
#if defined(__aarch64__)
#include <arm_neon.h>

#include "cpu.h"
#include "matmul_layout.h"

#define NAME(format) dot_##format##_q8_16x8__i8mm
#define TITLE(format) "dot_" #format "_q8_16x8__i8mm"
#define FEATURES CPU_DOTPROD | CPU_I8MM

#pragma clang attribute push(__attribute__((target("dotprod,i8mm"))), apply_to = function)

#include "matmul_neon.h"

/// A token alone is multiplied as both.
ALWAYS_INLINE void dot(ints *sums, const code_bytes_v v[8], int first, int last, const int8_t *const *values,
                       int together, codes_t codes) {
  (void)codes;
  int32x4_t low = vdupq_n_s32(0), high = low;
  for (int i = first; i < last; i += 2) {
    int8x16_t tokens = vcombine_s8(vld1_s8(values[0] + 4 * i), vld1_s8(values[together - 1] + 4 * i));
    int32x4_t even = (int32x4_t)v[i], odd = (int32x4_t)v[i + 1];
    low = vmmlaq_s32(low, vreinterpretq_s8_s32(vzip1q_s32(even, odd)), tokens);
    high = vmmlaq_s32(high, vreinterpretq_s8_s32(vzip2q_s32(even, odd)), tokens);
  }
  sums[0] += (ints)vuzp1q_s32(low, high);
  if (together == 2) sums[1] += (ints)vuzp2q_s32(low, high);
}

#include "matmul_quantised.h"

#pragma clang attribute pop

const matmul_kernel matmul_kernels__quantised_i8mm[quantised_format_count] = {QUANTISED_FORMATS(ENTRY)};
#endif
