// Products of byte activations with quantised panels on arm64 with the dot-product extension (sdot).
#if defined(__aarch64__)
#include <arm_neon.h>

#include "cpu.h"
#include "matmul_layout.h"

#define NAME(format) dot_##format##_q8_16x8__dotprod
#define TITLE(format) "dot_" #format "_q8_16x8__dotprod"
#define FEATURES CPU_DOTPROD

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

#include "matmul_neon.h"

ALWAYS_INLINE void dot(ints *sums, const code_bytes_v v[8], int first, int last, const int8_t *const *values,
                       int together, codes_t codes) {
  (void)codes;
#define FOUR(lane)                                                                                              \
  sums[u] = (ints)vdotq_laneq_s32((int32x4_t)sums[u], (int8x16_t)v[i + lane], four_times_four, lane)
  for (int i = first; i < last; i += 4) {
    for (int u = 0; u < together; u++) {
      int8x16_t four_times_four = vld1q_s8(values[u] + 4 * i);
      FOUR(0);
      FOUR(1);
      FOUR(2);
      FOUR(3);
    }
  }
#undef FOUR
}

#include "matmul_quantised.h"

#pragma clang attribute pop

const matmul_kernel matmul_kernels__quantised_dotprod[quantised_format_count] = {QUANTISED_FORMATS(ENTRY)};
#endif
