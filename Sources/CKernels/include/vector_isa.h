#pragma once

#include <stdint.h>

/// Instruction sets that the row, attention and recurrence kernels are built for, widest last.
/// Results of one set never depend on rows beside a row, threads or how calls are grouped; sets with fused
/// multiply-add (all but the x86 baseline) give the same bits as each other.
typedef enum {
  VECTOR_ISA_BASELINE = 0,  // SSE2 on x86-64, NEON on arm64
  VECTOR_ISA_AVX2 = 1,      // AVX2, FMA, F16C
  VECTOR_ISA_AVX512 = 2,    // AVX-512 F, BW, DQ, VL
  VECTOR_ISA_DOT = 3,       // sums of products of bytes: AVX-512 with VNNI, NEON with dotprod; attention only
} vector_isa;

enum { VECTOR_ISA_COUNT = 4 };

/// Whether this build holds kernels for the set and this processor runs them.
int vector_isa_available(vector_isa isa);

/// The widest available set.
vector_isa vector_isa_best(void);
