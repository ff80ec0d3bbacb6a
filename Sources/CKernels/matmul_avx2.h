// What AVX2 and AVX-VNNI kernels share: eight rows a vector.

#define LANES 8
#define TILE 8
#define FUSED 1

#include "matmul_vectors.h"

ALWAYS_INLINE floats half_lanes(const uint8_t *p) {
  return (floats)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

ALWAYS_INLINE code_bytes_v lookup(const uint8_t table[16], code_bytes_v indices) {
  __m256i all = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)table));
  return (code_bytes_v)_mm256_shuffle_epi8(all, (__m256i)indices);
}

ALWAYS_INLINE code_bytes_v add_bits(code_bytes_v v, const uint8_t *p, char value) {
  const __m256i place = _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1,  //
                                         2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3);
  const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
  int32_t bits;
  __builtin_memcpy(&bits, p, 4);
  __m256i x = _mm256_and_si256(_mm256_shuffle_epi8(_mm256_set1_epi32(bits), place), bit);
  return v | (code_bytes_v)_mm256_and_si256(_mm256_cmpeq_epi8(x, bit), _mm256_set1_epi8(value));
}
