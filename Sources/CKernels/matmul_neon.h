// What kernels of arm64's dot-product extensions share: four rows a vector, signed codes.

#define LANES 4
#define TILE 8
#define FUSED 1

#include "matmul_vectors.h"

ALWAYS_INLINE floats half_lanes(const uint8_t *p) { return (floats)vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(p))); }

ALWAYS_INLINE code_bytes_v lookup(const uint8_t table[16], code_bytes_v indices) {
  return (code_bytes_v)vqtbl1q_u8(vld1q_u8(table), (uint8x16_t)indices);
}

ALWAYS_INLINE code_bytes_v add_bits(code_bytes_v v, const uint8_t *p, char value) {
  const uint8x8_t bit = vcreate_u8(0x8040201008040201);
  uint8x16_t both = vcombine_u8(vdup_n_u8(p[0]), vdup_n_u8(p[1]));
  return v | (code_bytes_v)vandq_u8(vtstq_u8(both, vcombine_u8(bit, bit)), vdupq_n_u8((uint8_t)value));
}

ALWAYS_INLINE int is_signed(codes_t codes) { return (void)codes, 1; }

ALWAYS_INLINE ints dot_pairs(ints sum, ints pairs, const int16_t words[2]) {
  return sum + (pairs << 16 >> 16) * words[0] + (pairs >> 16) * words[1];
}
