// Products of byte activations with quantised panels on any processor: the same integers as every instruction set's.

#include "matmul_layout.h"
#include "matmul_portable.h"

#define LANES 16
#define TILE 8
#define FUSED 0
#define NAME(format) dot_##format##_q8_16x8__portable
#define TITLE(format) "dot_" #format "_q8_16x8__portable"
#define FEATURES 0

#include "matmul_vectors.h"

typedef int8_t signed_codes __attribute__((vector_size(4 * LANES)));
typedef int16_t words_v __attribute__((vector_size(8 * LANES)));
typedef int32_t pairs_v __attribute__((vector_size(8 * LANES)));

ALWAYS_INLINE floats half_lanes(const uint8_t *p) {
  portable_lanes result;
  decode_halves(p, &result);
  return (floats)result;
}

ALWAYS_INLINE code_bytes_v lookup(const uint8_t table[16], code_bytes_v indices) {
  for (int n = 0; n < 4 * LANES; n++) indices[n] = table[indices[n]];
  return indices;
}

ALWAYS_INLINE code_bytes_v add_bits(code_bytes_v v, const uint8_t *p, char value) {
  for (int n = 0; n < 4 * LANES; n++) v[n] |= p[n / 8] >> n % 8 & 1 ? (uint8_t)value : 0;
  return v;
}

ALWAYS_INLINE int is_signed(codes_t codes) { return (void)codes, 0; }

/// Products fit 16 bits; neighbours are added in 32.
ALWAYS_INLINE void dot(ints *sums, const code_bytes_v v[8], int first, int last, const int8_t *const *values,
                       int together, codes_t codes) {
  (void)codes;
  for (int i = first; i < last; i++) {
    const words_v w = __builtin_convertvector(v[i], words_v);
    for (int u = 0; u < together; u++) {
      int32_t four;
      __builtin_memcpy(&four, values[u] + 4 * i, 4);
      const pairs_v products = (pairs_v)(w * __builtin_convertvector((signed_codes)((ints){0} + four), words_v));
      const pairs_v both = (products << 16 >> 16) + (products >> 16);
      sums[u] += __builtin_shufflevector(both, both, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30) +
                 __builtin_shufflevector(both, both, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    }
  }
}

ALWAYS_INLINE ints dot_pairs(ints sum, ints pairs, const int16_t words[2]) {
  return sum + (pairs << 16 >> 16) * words[0] + (pairs >> 16) * words[1];
}

#include "matmul_quantised.h"

const matmul_kernel matmul_kernels__quantised_portable[quantised_format_count] = {QUANTISED_FORMATS(ENTRY)};
