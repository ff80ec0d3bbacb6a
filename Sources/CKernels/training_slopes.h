#pragma once

#include "rows_elements.h"

// Derivatives of elementwise functions.

/// exp(-a) / (1 + exp(-a))^2 for a >= 0, where `e` is exp(-a).
VECTOR_INLINE f32x16 bell_of(f32x16 e) {
  const f32x16 sum = 1.0f + e;
  return e / (sum * sum);
}

VECTOR_INLINE f32x16 sigmoid_from(f32x16 x, f32x16 e) { return choose(x < 0.0f, e, fill(1)) / (1.0f + e); }

VECTOR_INLINE f32x16 gelu_slope(f32x16 x) {
  const f32x16 density = exp_of(-0.5f * x * x) * 0x1.988454p-2f;
  return multiply_add(x, density, 0.5f + 0.5f * erf_of(x * 0x1.6a09e6p-1f));
}

VECTOR_INLINE f32x16 gelu_tanh_slope(f32x16 x) {
  const f32x16 square = x * x;
  const f32x16 inner = 0x1.988454p-1f * multiply_add(0.044715f * square, x, x);
  const f32x16 slope = 0x1.988454p-1f * multiply_add(square, fill(3 * 0.044715f), fill(1));
  const f32x16 e = exp_of(-2.0f * magnitude(inner));
  const f32x16 half = 0.5f + 0.5f * with_sign((1.0f - e) / (1.0f + e), inner);
  // Far out x * slope grows while the bell is 0.
  const f32x16 bell = bell_of(e);
  return half + choose(bell > 0.0f, 2.0f * x * bell * slope, fill(0));
}

VECTOR_INLINE f32x16 slope_of(row_unary function, f32x16 x) {
  switch (function) {
    case ROW_SILU: {
      const f32x16 e = exp_of(-magnitude(x));
      return multiply_add(x, bell_of(e), sigmoid_from(x, e));
    }
    case ROW_SIGMOID: return bell_of(exp_of(-magnitude(x)));
    case ROW_GELU: return gelu_slope(x);
    case ROW_GELU_TANH: return gelu_tanh_slope(x);
    case ROW_RELU: return choose(x > 0.0f, fill(1), fill(0));
    case ROW_RELU_SQUARED: return choose(x > 0.0f, 2.0f * x, fill(0));
    case ROW_TANH: return 4.0f * bell_of(exp_of(-2.0f * magnitude(x)));
    case ROW_EXP: return exp_of(x);
    case ROW_SOFTPLUS: return sigmoid_from(x, exp_of(-magnitude(x)));
    case ROW_LOG1P: return 1.0f / (1.0f + x);
    case ROW_FLOOR: return fill(0);
    case ROW_NEGATE: return fill(-1);
    case ROW_SQRT: return 0.5f / __builtin_elementwise_sqrt(x);
  }
  return x;
}

VECTOR_INLINE void slope_loop(row_unary function, const float *g, const float *x, size_t n, float *out) {
  FOR_EACH_VECTOR(n, { write(out + i, read(g + i, part, 0) * slope_of(function, read(x + i, part, 0)), part); });
}

static void VECTOR_NAME(row_unary_gradient)(row_unary function, const float *g, const float *x, size_t n, float *out) {
  switch (function) {
#define SLOPE_CASE(F) \
  case F: slope_loop(F, g, x, n, out); return;
    FOR_EACH_UNARY(SLOPE_CASE)
#undef SLOPE_CASE
  }
}

/// f(x) and f'(x); one exponential for both where it can be.
VECTOR_INLINE void value_and_slope(row_unary function, f32x16 x, f32x16 *value, f32x16 *slope) {
  if (function == ROW_SILU) {
    const f32x16 e = exp_of(-magnitude(x)), sigmoid = sigmoid_from(x, e);
    *value = x * sigmoid;
    *slope = multiply_add(x, bell_of(e), sigmoid);
  } else {
    *value = apply_unary(function, x);
    *slope = slope_of(function, x);
  }
}

VECTOR_INLINE void gated_slope_loop(row_unary function, const float *g, const float *x, const float *y, size_t n,
                                    float *dx, float *dy) {
  FOR_EACH_VECTOR(n, {
    const f32x16 gradient = read(g + i, part, 0);
    f32x16 value;
    f32x16 slope;
    value_and_slope(function, read(x + i, part, 0), &value, &slope);
    const f32x16 toX = gradient * read(y + i, part, 0) * slope;
    write(dy + i, gradient * value, part);
    write(dx + i, toX, part);
  });
}

static void VECTOR_NAME(row_gated_gradient)(row_unary function, const float *g, const float *x, const float *y, size_t n,
                                            float *dx, float *dy) {
  switch (function) {
#define SLOPE_CASE(F) \
  case F: gated_slope_loop(F, g, x, y, n, dx, dy); return;
    FOR_EACH_UNARY(SLOPE_CASE)
#undef SLOPE_CASE
  }
}
