#pragma once

#include "float_products.h"
#include "rows_vector.h"

// Packing of strided operands: units of one step (or of a pair of steps in bfloat16) side by side for some lanes.
//
// The including file defines PRODUCT_PAIRS and PRODUCT_MASKS (0 or 1) beside what rows_vector.h needs.

/// Lanes are rows of a or columns of b.
typedef struct {
  const float *source;
  size_t laneStride;
  size_t stepStride;
  const int32_t *laneList;
  const int32_t *stepList;
  size_t steps;
} strided_operand;

VECTOR_INLINE size_t units_of(size_t steps) { return PRODUCT_PAIRS ? (steps + 1) / 2 : steps; }

VECTOR_INLINE size_t listed(const int32_t *list, size_t i) { return list ? (size_t)list[i] : i; }

/// The first `count` (1...16) floats, then zeros.
VECTOR_INLINE f32x16 load_first(const float *p, size_t count) {
#if PRODUCT_MASKS
  return (f32x16)_mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
#else
  return count == 16 ? load(p) : load_part(p, count, 0);
#endif
}

#if PRODUCT_PAIRS
typedef uint16_t u16x32 __attribute__((ext_vector_type(32)));

/// Thirty-two floats as bfloat16, to nearest, ties to even.
VECTOR_INLINE u16x32 rounded_pairs(f32x16 low, f32x16 high) {
  const __m512bh both = _mm512_cvtne2ps_pbh((__m512)high, (__m512)low);
  u16x32 result;
  memcpy(&result, &both, sizeof result);
  return result;
}

/// Sixteen units of one lane, of 32 steps that lie side by side.
VECTOR_INLINE f32x16 load_units(const float *p, size_t steps) {
  const f32x16 low = load_first(p, steps < 16 ? steps : 16);
  const f32x16 high = steps > 16 ? load_first(p + 16, steps < 32 ? steps - 16 : 16) : fill(0);
  return (f32x16)rounded_pairs(low, high);
}

/// One unit of sixteen lanes.
VECTOR_INLINE f32x16 unit_of(f32x16 even, f32x16 odd) {
  const u16x32 both = rounded_pairs(even, odd);
  return (f32x16)__builtin_shufflevector(both, both, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8, 24, 9,
                                         25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
#else
VECTOR_INLINE f32x16 load_units(const float *p, size_t steps) { return load_first(p, steps < 16 ? steps : 16); }
#endif

#define SHUFFLE_LOW(a, b) \
  __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define SHUFFLE_HIGH(a, b) \
  __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
#define SHUFFLE_LOW_PAIRS(a, b) \
  __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29)
#define SHUFFLE_HIGH_PAIRS(a, b) \
  __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31)
#define SHUFFLE_EVEN_FOURS(a, b) \
  __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27)
#define SHUFFLE_ODD_FOURS(a, b) \
  __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31)

/// Transposes 16 x 16 elements.
VECTOR_INLINE void transpose(f32x16 v[16]) {
  f32x16 w[16];
  VECTOR_UNROLL for (int i = 0; i < 16; i += 2) {
    w[i] = SHUFFLE_LOW(v[i], v[i + 1]);
    w[i + 1] = SHUFFLE_HIGH(v[i], v[i + 1]);
  }
  // v[4 g + j]: element 4 l + j of rows 4 g ... 4 g + 3, for l in 0..<4.
  VECTOR_UNROLL for (int g = 0; g < 16; g += 4) {
    v[g] = SHUFFLE_LOW_PAIRS(w[g], w[g + 2]);
    v[g + 1] = SHUFFLE_HIGH_PAIRS(w[g], w[g + 2]);
    v[g + 2] = SHUFFLE_LOW_PAIRS(w[g + 1], w[g + 3]);
    v[g + 3] = SHUFFLE_HIGH_PAIRS(w[g + 1], w[g + 3]);
  }
  VECTOR_UNROLL for (int j = 0; j < 4; j++) {
    const f32x16 a = SHUFFLE_EVEN_FOURS(v[j], v[4 + j]), b = SHUFFLE_EVEN_FOURS(v[8 + j], v[12 + j]);
    const f32x16 c = SHUFFLE_ODD_FOURS(v[j], v[4 + j]), d = SHUFFLE_ODD_FOURS(v[8 + j], v[12 + j]);
    w[j] = SHUFFLE_EVEN_FOURS(a, b);
    w[8 + j] = SHUFFLE_ODD_FOURS(a, b);
    w[4 + j] = SHUFFLE_EVEN_FOURS(c, d);
    w[12 + j] = SHUFFLE_ODD_FOURS(c, d);
  }
  VECTOR_UNROLL for (int i = 0; i < 16; i++) v[i] = w[i];
}

/// Lanes of steps that lie side by side. Rows of `out` overlap where they are narrower than 16, later ones on top.
static void pack_transposed(const strided_operand *s, size_t lane, size_t lanes, size_t width, size_t unit, size_t units,
                            float *out) {
  const size_t perUnit = PRODUCT_PAIRS ? 2 : 1;
  for (size_t group = 0; group < width; group += 16) {
    const float *from[16];
    const size_t count = lanes > group ? (lanes - group < 16 ? lanes - group : 16) : 0;
    for (size_t i = 0; i < count; i++) from[i] = s->source + listed(s->laneList, lane + group + i) * s->laneStride;
    for (size_t u = 0; u < units; u += 16) {
      const size_t step = (unit + u) * perUnit, left = s->steps - step;
      const size_t rows = units - u < 16 ? units - u : 16;
      f32x16 v[16];
      if (count == 16 && left >= 16 * perUnit) {
        VECTOR_UNROLL for (int i = 0; i < 16; i++) v[i] = load_units(from[i] + step, 16 * perUnit);
      } else {
        for (size_t i = 0; i < 16; i++) v[i] = i < count ? load_units(from[i] + step, left) : fill(0);
      }
      transpose(v);
      for (size_t r = 0; r < rows; r++) store(out + (u + r) * width + group, v[r]);
    }
  }
}

/// One unit of up to sixteen lanes that lie side by side.
VECTOR_INLINE f32x16 side_by_side(const strided_operand *s, size_t lane, size_t count, size_t unit) {
#if PRODUCT_PAIRS
  const size_t step = 2 * unit;
  const f32x16 even = load_first(s->source + listed(s->stepList, step) * s->stepStride + lane, count);
  const f32x16 odd = step + 1 == s->steps
                         ? fill(0)
                         : load_first(s->source + listed(s->stepList, step + 1) * s->stepStride + lane, count);
  return unit_of(even, odd);
#else
  return load_first(s->source + listed(s->stepList, unit) * s->stepStride + lane, count);
#endif
}

/// Lanes that lie side by side.
static void pack_straight(const strided_operand *s, size_t lane, size_t lanes, size_t width, size_t unit, size_t units,
                          float *out) {
  if (lanes == width && width == 32) {
    for (size_t u = 0; u < units; u++, out += 32) {
      store(out, side_by_side(s, lane, 16, unit + u));
      store(out + 16, side_by_side(s, lane + 16, 16, unit + u));
    }
    return;
  }
  for (size_t group = 0; group < width; group += 16) {
    const size_t count = lanes > group ? (lanes - group < 16 ? lanes - group : 16) : 0;
    for (size_t u = 0; u < units; u++) {
      store(out + u * width + group, count ? side_by_side(s, lane + group, count, unit + u) : fill(0));
    }
  }
}

VECTOR_INLINE float element_of(const strided_operand *s, size_t lane, size_t step) {
  return s->source[listed(s->laneList, lane) * s->laneStride + listed(s->stepList, step) * s->stepStride];
}

static void pack_scattered(const strided_operand *s, size_t lane, size_t lanes, size_t width, size_t unit, size_t units,
                           float *out) {
  for (size_t u = 0; u < units; u++) {
    for (size_t i = 0; i < width; i++) {
#if PRODUCT_PAIRS
      const size_t step = 2 * (unit + u);
      const float even = i < lanes ? element_of(s, lane + i, step) : 0;
      const float odd = i < lanes && step + 1 < s->steps ? element_of(s, lane + i, step + 1) : 0;
      out[u * width + i] = unit_of(fill(even), fill(odd)).x;
#else
      out[u * width + i] = i < lanes ? element_of(s, lane + i, unit + u) : 0;
#endif
    }
  }
}

/// Writes `units` units of `width` lanes, those from `lanes` on zeros. Up to 15 floats after the last may change.
static void pack_lanes(const strided_operand *s, size_t lane, size_t lanes, size_t width, size_t unit, size_t units,
                       float *out) {
  if (s->stepStride == 1 && !s->stepList) pack_transposed(s, lane, lanes, width, unit, units, out);
  else if (s->laneStride == 1 && !s->laneList) pack_straight(s, lane, lanes, width, unit, units, out);
  else pack_scattered(s, lane, lanes, width, unit, units, out);
}
