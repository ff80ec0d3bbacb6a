// Products of byte activations with quantised panels, with AVX-VNNI: vpdpbusd on 256 bits.
#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu.h"
#include "matmul_layout.h"

#define NAME(format) dot_##format##_q8_16x8__avxvnni
#define TITLE(format) "dot_" #format "_q8_16x8__avxvnni"

// A processor with AVX-512 VNNI but without AVX-VNNI can run this file in the other encoding of the same instructions, to check it.
#if defined(CHECK_AVXVNNI)
#define FEATURES CPU_AVX2 | CPU_FMA | CPU_F16C | CPU_AVX512VL | CPU_AVX512VNNI
#define DOT_BYTES _mm256_dpbusd_epi32
#define DOT_WORDS _mm256_dpwssd_epi32
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avx512vl,avx512vnni"))), apply_to = function)
#else
#define FEATURES CPU_AVX2 | CPU_FMA | CPU_F16C | CPU_AVXVNNI
#define DOT_BYTES _mm256_dpbusd_avx_epi32
#define DOT_WORDS _mm256_dpwssd_avx_epi32
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c,avxvnni"))), apply_to = function)
#endif

#include "matmul_avx2.h"

ALWAYS_INLINE int is_signed(codes_t codes) { return (void)codes, 0; }

ALWAYS_INLINE void dot(ints *sums, const code_bytes_v v[8], int first, int last, const int8_t *const *values,
                       int together, codes_t codes) {
  (void)codes;
  for (int i = first; i < last; i++) {
    for (int u = 0; u < together; u++) {
      int32_t four;
      __builtin_memcpy(&four, values[u] + 4 * i, 4);
      sums[u] = (ints)DOT_BYTES((__m256i)sums[u], (__m256i)v[i], _mm256_set1_epi32(four));
    }
  }
}

ALWAYS_INLINE ints dot_pairs(ints sum, ints pairs, const int16_t words[2]) {
  int32_t both;
  __builtin_memcpy(&both, words, 4);
  return (ints)DOT_WORDS((__m256i)sum, (__m256i)pairs, _mm256_set1_epi32(both));
}

#include "matmul_quantised.h"

#pragma clang attribute pop

const matmul_kernel matmul_kernels__quantised_avxvnni[quantised_format_count] = {QUANTISED_FORMATS(ENTRY)};
#endif
