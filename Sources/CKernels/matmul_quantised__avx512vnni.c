// Products of byte activations with quantised panels, with AVX-512 VNNI: vpdpbusd multiplies unsigned codes with signed activations.
#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu.h"
#include "matmul_layout.h"

#define LANES 16
#define TILE 8
#define FUSED 1
#define NAME(format) dot_##format##_q8_16x8__avx512vnni
#define TITLE(format) "dot_" #format "_q8_16x8__avx512vnni"
#define FEATURES CPU_AVX512F | CPU_AVX512BW | CPU_AVX512VL | CPU_AVX512VNNI

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni,avx2,fma,f16c"))), \
                             apply_to = function)

#include "matmul_vectors.h"

ALWAYS_INLINE floats half_lanes(const uint8_t *p) {
  return (floats)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

ALWAYS_INLINE code_bytes_v lookup(const uint8_t table[16], code_bytes_v indices) {
  __m512i all = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)table));
  return (code_bytes_v)_mm512_shuffle_epi8(all, (__m512i)indices);
}

ALWAYS_INLINE code_bytes_v add_bits(code_bytes_v v, const uint8_t *p, char value) {
  __mmask64 mask;
  __builtin_memcpy(&mask, p, 8);
  return (code_bytes_v)_mm512_mask_add_epi8((__m512i)v, mask, (__m512i)v, _mm512_set1_epi8(value));
}

ALWAYS_INLINE int is_signed(codes_t codes) { return (void)codes, 0; }

/// Two tokens advance together to hide the latency of vpdpbusd.
ALWAYS_INLINE void dot(ints *sums, const code_bytes_v v[8], int first, int last, const int8_t *const *values,
                       int together, codes_t codes) {
  (void)codes;
  for (int i = first; i < last; i++) {
    for (int u = 0; u < together; u++) {
      int32_t four;
      __builtin_memcpy(&four, values[u] + 4 * i, 4);
      sums[u] = (ints)_mm512_dpbusd_epi32((__m512i)sums[u], (__m512i)v[i], _mm512_set1_epi32(four));
    }
  }
}

ALWAYS_INLINE ints dot_pairs(ints sum, ints pairs, const int16_t words[2]) {
  int32_t both;
  __builtin_memcpy(&both, words, 4);
  return (ints)_mm512_dpwssd_epi32((__m512i)sum, (__m512i)pairs, _mm512_set1_epi32(both));
}

#include "matmul_quantised.h"

#pragma clang attribute pop

const matmul_kernel matmul_kernels__quantised_avx512vnni[quantised_format_count] = {QUANTISED_FORMATS(ENTRY)};
#endif
