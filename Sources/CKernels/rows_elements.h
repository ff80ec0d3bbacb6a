#pragma once

#include "rows_norms.h"

// Elementwise functions, rotations and short forms over rows.

VECTOR_INLINE f32x16 apply_unary(row_unary function, f32x16 x) {
  switch (function) {
    case ROW_SILU: return silu_of(x);
    case ROW_SIGMOID: return sigmoid_of(x);
    case ROW_GELU: return gelu_of(x);
    case ROW_GELU_TANH: return gelu_tanh_of(x);
    case ROW_RELU: return choose(x < 0.0f, fill(0), x);
    case ROW_RELU_SQUARED: return x < 0.0f ? fill(0) : x * x;
    case ROW_TANH: return tanh_of(x);
    case ROW_EXP: return exp_of(x);
    case ROW_SOFTPLUS: return softplus_of(x);
    case ROW_LOG1P: return log1p_of(x);
    case ROW_FLOOR: return floor_of(x);
    case ROW_NEGATE: return -x;
    case ROW_SQRT: return __builtin_elementwise_sqrt(x);
  }
  return x;
}

VECTOR_INLINE void unary_loop(row_unary function, const float *x, size_t n, float *out) {
  FOR_EACH_VECTOR(n, { write(out + i, apply_unary(function, read(x + i, part, 0)), part); });
}

VECTOR_INLINE void gated_loop(row_unary function, const float *x, const float *y, size_t n, float *out) {
  FOR_EACH_VECTOR(n, { write(out + i, apply_unary(function, read(x + i, part, 0)) * read(y + i, part, 0), part); });
}

#define FOR_EACH_UNARY(DO)                                                                              \
  DO(ROW_SILU) DO(ROW_SIGMOID) DO(ROW_GELU) DO(ROW_GELU_TANH) DO(ROW_RELU) DO(ROW_RELU_SQUARED) DO(ROW_TANH) \
  DO(ROW_EXP) DO(ROW_SOFTPLUS) DO(ROW_LOG1P) DO(ROW_FLOOR) DO(ROW_NEGATE) DO(ROW_SQRT)

static void VECTOR_NAME(row_unary)(row_unary function, const float *x, size_t n, float *out) {
  switch (function) {
#define UNARY_CASE(F) \
  case F: unary_loop(F, x, n, out); return;
    FOR_EACH_UNARY(UNARY_CASE)
#undef UNARY_CASE
  }
}

static void VECTOR_NAME(row_gated)(row_unary function, const float *x, const float *y, size_t n, float *out) {
  switch (function) {
#define UNARY_CASE(F) \
  case F: gated_loop(F, x, y, n, out); return;
    FOR_EACH_UNARY(UNARY_CASE)
#undef UNARY_CASE
  }
}

VECTOR_INLINE f32x16 apply_binary(row_binary function, f32x16 x, f32x16 y) {
  switch (function) {
    case ROW_ADD: return x + y;
    case ROW_SUBTRACT: return x - y;
    case ROW_MULTIPLY: return x * y;
    case ROW_DIVIDE: return x / y;
    case ROW_MINIMUM: return smaller(x, y);
    case ROW_MAXIMUM: return larger(x, y);
  }
  return x;
}

VECTOR_INLINE void binary_loop(row_binary function, const float *x, const float *y, size_t n, float *out) {
  FOR_EACH_VECTOR(n, { write(out + i, apply_binary(function, read(x + i, part, 0), read(y + i, part, 0)), part); });
}

VECTOR_INLINE void scalar_loop(row_binary function, const float *x, float y, size_t n, float *out) {
  FOR_EACH_VECTOR(n, { write(out + i, apply_binary(function, read(x + i, part, 0), fill(y)), part); });
}

#define FOR_EACH_BINARY(DO) \
  DO(ROW_ADD) DO(ROW_SUBTRACT) DO(ROW_MULTIPLY) DO(ROW_DIVIDE) DO(ROW_MINIMUM) DO(ROW_MAXIMUM)

static void VECTOR_NAME(row_binary)(row_binary function, const float *x, const float *y, size_t n, float *out) {
  switch (function) {
#define BINARY_CASE(F) \
  case F: binary_loop(F, x, y, n, out); return;
    FOR_EACH_BINARY(BINARY_CASE)
#undef BINARY_CASE
  }
}

static void VECTOR_NAME(row_binary_scalar)(row_binary function, const float *x, float y, size_t n, float *out) {
  switch (function) {
#define BINARY_CASE(F) \
  case F: scalar_loop(F, x, y, n, out); return;
    FOR_EACH_BINARY(BINARY_CASE)
#undef BINARY_CASE
  }
}

static void VECTOR_NAME(row_affine)(const float *x, float scale, float offset, size_t n, float *out) {
  FOR_EACH_VECTOR(n, { write(out + i, read(x + i, part, 0) * scale + offset, part); });
}

static void VECTOR_NAME(row_clamp)(const float *x, float lower, float upper, size_t n, float *out) {
  FOR_EACH_VECTOR(n, {
    const f32x16 v = read(x + i, part, 0);
    const f32x16 raised = choose(v < lower, fill(lower), v);
    write(out + i, choose(raised > upper, fill(upper), raised), part);
  });
}

static void VECTOR_NAME(row_accumulate)(const float *x, float scale, size_t n, float *out) {
  FOR_EACH_VECTOR(n, {
    write(out + i, multiply_add(read(x + i, part, 0), fill(scale), read(out + i, part, 0)), part);
  });
}

VECTOR_INLINE void rotate(f32x16 *a, f32x16 *b, f32x16 cosine, f32x16 sine) {
  const f32x16 first = multiply_add(*a, cosine, -(*b * sine));
  *b = multiply_add(*b, cosine, *a * sine);
  *a = first;
}

/// `sign` -1 turns by the opposite angles.
static void rope_halves(const float *x, const float *cosines, const float *sines, float sign, size_t half, float *out) {
  FOR_EACH_VECTOR(half, {
    f32x16 a = read(x + i, part, 0);
    f32x16 b = read(x + half + i, part, 0);
    rotate(&a, &b, read(cosines + i, part, 0), read(sines + i, part, 0) * sign);
    write(out + i, a, part);
    write(out + half + i, b, part);
  });
}

static void rope_pairs(const float *x, const float *cosines, const float *sines, float sign, size_t half, float *out) {
  FOR_EACH_VECTOR(half, {
    float pairs[32];
    memcpy(pairs, x + 2 * i, (part ? part : 16) * 2 * sizeof(float));
    if (part) memset(pairs + 2 * part, 0, (16 - part) * 2 * sizeof(float));
    const f32x16 low = load(pairs);
    const f32x16 high = load(pairs + 16);
    f32x16 a = __builtin_shufflevector(low, high, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    f32x16 b = __builtin_shufflevector(low, high, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    rotate(&a, &b, read(cosines + i, part, 0), read(sines + i, part, 0) * sign);
    store(pairs, __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    store(pairs + 16, __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31));
    memcpy(out + 2 * i, pairs, (part ? part : 16) * 2 * sizeof(float));
  });
}

static void VECTOR_NAME(row_rope)(const float *x, const float *cosines, const float *sines, size_t width, int interleaved,
                                  float *out) {
  if (interleaved) rope_pairs(x, cosines, sines, 1, width / 2, out);
  else rope_halves(x, cosines, sines, 1, width / 2, out);
}
