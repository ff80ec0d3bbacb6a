// Products of byte activations with quantised panels, with AVX2. vpmaddubsw multiplies unsigned with signed bytes and adds pairs in
// 16 bits: as many are added there as the codes' width allows. Codes of eight bits are signed and give their sign to the activations.
#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu.h"
#include "matmul_layout.h"

#define NAME(format) dot_##format##_q8_16x8__avx2
#define TITLE(format) "dot_" #format "_q8_16x8__avx2"
#define FEATURES CPU_AVX2 | CPU_FMA | CPU_F16C

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

#include "matmul_avx2.h"

ALWAYS_INLINE int is_signed(codes_t codes) { return codes == codes_8 || codes == codes_nl4; }

/// Products of pairs that fit a 16-bit sum: n * 2 * 127 * largest code <= 32767.
ALWAYS_INLINE int pairs_in_16_bits(codes_t codes) {
  switch (codes) {
  case codes_2: case codes_3: case codes_4: return 8;
  case codes_5: case codes_fp4: return 4;
  case codes_6: return 2;
  case codes_8: case codes_nl4: return 1;
  }
}

ALWAYS_INLINE void dot(ints *sums, const code_bytes_v v[8], int first, int last, const int8_t *const *values,
                       int together, codes_t codes) {
  const int group = pairs_in_16_bits(codes);
  for (int u = 0; u < together; u++) {
    for (int i = first; i < last; i += group) {
      __m256i pairs = _mm256_setzero_si256();
      for (int g = i; g < i + group && g < last; g++) {
        int32_t four;
        __builtin_memcpy(&four, values[u] + 4 * g, 4);
        __m256i w = (__m256i)v[g], a = _mm256_set1_epi32(four);
        if (is_signed(codes)) a = _mm256_sign_epi8(a, w), w = _mm256_abs_epi8(w);
        pairs = _mm256_add_epi16(pairs, _mm256_maddubs_epi16(w, a));
      }
      sums[u] += (ints)_mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    }
  }
}

ALWAYS_INLINE ints dot_pairs(ints sum, ints pairs, const int16_t words[2]) {
  int32_t both;
  __builtin_memcpy(&both, words, 4);
  return sum + (ints)_mm256_madd_epi16((__m256i)pairs, _mm256_set1_epi32(both));
}

#include "matmul_quantised.h"

#pragma clang attribute pop

const matmul_kernel matmul_kernels__quantised_avx2[quantised_format_count] = {QUANTISED_FORMATS(ENTRY)};
#endif
