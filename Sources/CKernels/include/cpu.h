#pragma once

#include <stdint.h>

/// Instruction-set extensions that kernels are written for; each says that processor and system support it.
enum {
  CPU_AVX2 = 1 << 0,
  CPU_FMA = 1 << 1,
  CPU_F16C = 1 << 2,
  CPU_AVX512F = 1 << 3,
  CPU_AVX512BW = 1 << 4,
  CPU_AVX512VL = 1 << 5,
  CPU_AVX512VNNI = 1 << 6,
  CPU_AVX512BF16 = 1 << 7,
  CPU_DOTPROD = 1 << 8,
  CPU_I8MM = 1 << 9,
  CPU_AVXVNNI = 1 << 10,
};

/// The extensions of the processor this runs on.
uint32_t cpu_features(void);
