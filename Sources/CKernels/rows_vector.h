#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Sixteen float lanes, whatever the processor's vector width, and the operations that every kernel shares.
// A file includes this inside its own target attribute, after defining VECTOR_NAME(x), VECTOR_FMA (0 or 1) and
// VECTOR_HALF (0 or 1: conversions to and from binary16 in hardware).

#pragma STDC FP_CONTRACT OFF
#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang diagnostic ignored "-Wunused-function"

#define VECTOR_INLINE static inline __attribute__((always_inline))
#define VECTOR_UNROLL _Pragma("clang loop unroll(full)")
#define VECTOR_KEEP_LOOP _Pragma("clang loop unroll(disable)")

typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef int32_t i32x16 __attribute__((ext_vector_type(16)));
typedef uint32_t u32x16 __attribute__((ext_vector_type(16)));
typedef uint16_t u16x16 __attribute__((ext_vector_type(16)));
typedef int8_t i8x16 __attribute__((ext_vector_type(16)));
typedef uint8_t u8x16 __attribute__((ext_vector_type(16)));

VECTOR_INLINE f32x16 fill(float value) { return (f32x16)value; }

VECTOR_INLINE f32x16 load(const float *p) {
  f32x16 v;
  memcpy(&v, p, sizeof v);
  return v;
}

VECTOR_INLINE void store(float *p, f32x16 v) { memcpy(p, &v, sizeof v); }

/// The first `count` (1...15) floats, then `padding`.
VECTOR_INLINE f32x16 load_part(const float *p, size_t count, float padding) {
  float lanes[16];
  for (size_t i = 0; i < 16; i++) lanes[i] = i < count ? p[i] : padding;
  return load(lanes);
}

VECTOR_INLINE void store_part(float *p, f32x16 v, size_t count) {
  float lanes[16];
  store(lanes, v);
  for (size_t i = 0; i < count; i++) p[i] = lanes[i];
}

/// a * b + c, rounded once where the instruction set can.
VECTOR_INLINE f32x16 multiply_add(f32x16 a, f32x16 b, f32x16 c) {
#if VECTOR_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

VECTOR_INLINE i32x16 bits_of(f32x16 v) {
  i32x16 bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

VECTOR_INLINE f32x16 of_bits(i32x16 bits) {
  f32x16 v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

/// `a` where the mask's lane is -1, `b` where it is 0.
VECTOR_INLINE f32x16 choose(i32x16 mask, f32x16 a, f32x16 b) { return mask ? a : b; }

VECTOR_INLINE f32x16 larger(f32x16 a, f32x16 b) { return choose(a > b, a, b); }
VECTOR_INLINE f32x16 smaller(f32x16 a, f32x16 b) { return choose(a < b, a, b); }
VECTOR_INLINE f32x16 magnitude(f32x16 v) { return of_bits(bits_of(v) & 0x7FFFFFFF); }

/// The magnitude of one with the sign of the other.
VECTOR_INLINE f32x16 with_sign(f32x16 v, f32x16 sign) {
  return of_bits((bits_of(v) & 0x7FFFFFFF) | (bits_of(sign) & (int32_t)0x80000000));
}

/// The sum of all lanes: halves added to halves, four times.
VECTOR_INLINE float sum_lanes(f32x16 v) {
  typedef float f32x8 __attribute__((ext_vector_type(8)));
  typedef float f32x4 __attribute__((ext_vector_type(4)));
  const f32x8 a = v.lo + v.hi;
  const f32x4 b = a.lo + a.hi;
  return (b.x + b.z) + (b.y + b.w);
}

/// The largest lane of vectors without NaNs.
VECTOR_INLINE float largest_of(f32x16 v) {
  typedef float f32x8 __attribute__((ext_vector_type(8)));
  typedef float f32x4 __attribute__((ext_vector_type(4)));
  const f32x8 a = v.lo > v.hi ? v.lo : v.hi;
  const f32x4 b = a.lo > a.hi ? a.lo : a.hi;
  const float x = b.x > b.z ? b.x : b.z, y = b.y > b.w ? b.y : b.w;
  return x > y ? x : y;
}

VECTOR_INLINE float largest_lane(f32x16 v) {
  float lanes[16];
  store(lanes, v);
  float largest = lanes[0];
  for (int i = 1; i < 16; i++) largest = lanes[i] > largest ? lanes[i] : largest;
  return largest;
}

/// Binary16 to binary32, exact.
VECTOR_INLINE f32x16 floats_of_halves(u16x16 halves) {
#if VECTOR_HALF
  typedef _Float16 f16x16 __attribute__((ext_vector_type(16)));
  f16x16 v;
  memcpy(&v, &halves, sizeof v);
  return __builtin_convertvector(v, f32x16);
#else
  const i32x16 bits = __builtin_convertvector(halves, i32x16);
  const i32x16 exponent = bits & 0x7C00;
  const i32x16 shifted = ((bits & 0x7FFF) << 13) + (112 << 23);
  const i32x16 special = shifted + (112 << 23);
  const f32x16 subnormal = __builtin_convertvector(bits & 0x3FF, f32x16) * 0x1p-24f;
  f32x16 v = choose(exponent == 0x7C00, of_bits(special), of_bits(shifted));
  v = choose(exponent == 0, subnormal, v);
  return of_bits(bits_of(v) | ((bits & 0x8000) << 16));
#endif
}

/// Binary32 to binary16, to nearest, ties to even.
VECTOR_INLINE u16x16 halves_of_floats(f32x16 v) {
#if VECTOR_HALF
  typedef _Float16 f16x16 __attribute__((ext_vector_type(16)));
  const f16x16 rounded = __builtin_convertvector(v, f16x16);
  u16x16 halves;
  memcpy(&halves, &rounded, sizeof halves);
  return halves;
#else
  const i32x16 bits = bits_of(v) & 0x7FFFFFFF;
  const i32x16 normal = (bits - (112 << 23) + 0xFFF + ((bits >> 13) & 1)) >> 13;
  const i32x16 subnormal = bits_of(of_bits(bits) + 0.5f) - 0x3F000000;
  const i32x16 quiet = 0x7E00 | ((bits >> 13) & 0x3FF);
  i32x16 half = bits < 0x38800000 ? subnormal : normal;
  half = bits >= 0x47800000 ? (i32x16)0x7C00 : half;
  half = bits > 0x7F800000 ? quiet : half;
  return __builtin_convertvector(half | ((bits_of(v) >> 16) & 0x8000), u16x16);
#endif
}

VECTOR_INLINE float float_of_one_half(uint16_t half) { return floats_of_halves((u16x16)half).x; }
VECTOR_INLINE uint16_t half_of_one_float(float value) { return halves_of_floats(fill(value)).x; }
