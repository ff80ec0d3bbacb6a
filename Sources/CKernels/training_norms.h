#pragma once

#include "training_slopes.h"

// Gradients of norms and softmax, and the loss.

VECTOR_INLINE f32x16 weighted(const float *g, const float *weight, size_t i, size_t part) {
  const f32x16 v = read(g + i, part, 0);
  return weight ? v * read(weight + i, part, 0) : v;
}

/// sum(g * weight * x)
VECTOR_INLINE float weighted_dot(const float *x, const float *g, const float *weight, size_t n) {
#define TERM(i, part, sum) multiply_add(read(x + (i), (part), 0), weighted(g, weight, (i), (part)), (sum))
  ROW_SUM(n, TERM);
#undef TERM
  return total;
}

/// sum(g * weight)
VECTOR_INLINE float weighted_sum(const float *g, const float *weight, size_t n) {
#define TERM(i, part, sum) ((sum) + weighted(g, weight, (i), (part)))
  ROW_SUM(n, TERM);
#undef TERM
  return total;
}

VECTOR_INLINE void rms_gradient_row(const float *x, const float *g, const float *weight, float epsilon, size_t n,
                                    const int adds, float *dx, float *weightSums) {
  const float factor = 1.0f / __builtin_elementwise_sqrt(VECTOR_NAME(row_dot)(x, x, n) / (float)n + epsilon);
  const float share = weighted_dot(x, g, weight, n) * factor * factor / (float)n;
  FOR_EACH_VECTOR(n, {
    const f32x16 v = read(x + i, part, 0);
    if (weightSums) add_to(weightSums + i, read(g + i, part, 0) * (v * factor), part);
    f32x16 slope = multiply_add(v, fill(-share), weighted(g, weight, i, part)) * factor;
    if (adds) slope += read(dx + i, part, 0);
    write(dx + i, slope, part);
  });
}

static void VECTOR_NAME(rms_norm_gradient)(const float *x, const float *g, const float *weight, float epsilon,
                                           size_t rows, size_t n, int adds, float *dx, float *weightSums) {
  if (weightSums) memset(weightSums, 0, n * sizeof(float));
  for (size_t r = 0; r < rows; r++) {
    rms_gradient_row(x + r * n, g + r * n, weight, epsilon, n, adds, dx + r * n, weightSums);
  }
}

/// sum(g * weight * (x - mean))
VECTOR_INLINE float centred_dot(const float *x, float mean, const float *g, const float *weight, size_t n) {
#define TERM(i, part, sum) multiply_add(read(x + (i), (part), 0) - mean, weighted(g, weight, (i), (part)), (sum))
  ROW_SUM(n, TERM);
#undef TERM
  return total;
}

VECTOR_INLINE void layer_gradient_row(const float *x, const float *g, const float *weight, float epsilon, size_t n,
                                      const int adds, float *dx, float *weightSums, float *biasSums) {
  const float mean = VECTOR_NAME(row_sum)(x, n) / (float)n;
  const float factor = 1.0f / __builtin_elementwise_sqrt(squares_from(x, mean, n) / (float)n + epsilon);
  const float level = weighted_sum(g, weight, n) / (float)n;
  const float share = centred_dot(x, mean, g, weight, n) * factor * factor / (float)n;
  FOR_EACH_VECTOR(n, {
    const f32x16 v = read(x + i, part, 0) - mean;
    const f32x16 gradient = read(g + i, part, 0);
    if (weightSums) add_to(weightSums + i, gradient * (v * factor), part);
    if (biasSums) add_to(biasSums + i, gradient, part);
    f32x16 slope = multiply_add(v, fill(-share), weighted(g, weight, i, part) - level) * factor;
    if (adds) slope += read(dx + i, part, 0);
    write(dx + i, slope, part);
  });
}

static void VECTOR_NAME(layer_norm_gradient)(const float *x, const float *g, const float *weight, float epsilon,
                                             size_t rows, size_t n, int adds, float *dx, float *weightSums,
                                             float *biasSums) {
  if (weightSums) memset(weightSums, 0, n * sizeof(float));
  if (biasSums) memset(biasSums, 0, n * sizeof(float));
  for (size_t r = 0; r < rows; r++) {
    layer_gradient_row(x + r * n, g + r * n, weight, epsilon, n, adds, dx + r * n, weightSums, biasSums);
  }
}

/// g where p is not 0.
VECTOR_INLINE f32x16 gradient_where(f32x16 p, f32x16 g) { return choose(p == 0.0f, fill(0), g); }

VECTOR_INLINE void softmax_gradient_row(const float *p, const float *g, size_t n, float *out) {
#define TERM(i, part, sum) \
  multiply_add(read(p + (i), (part), 0), gradient_where(read(p + (i), (part), 0), read(g + (i), (part), 0)), (sum))
  ROW_SUM(n, TERM);
#undef TERM
  FOR_EACH_VECTOR(n, {
    const f32x16 v = read(p + i, part, 0);
    write(out + i, v * (gradient_where(v, read(g + i, part, 0)) - total), part);
  });
}

static void VECTOR_NAME(softmax_gradient)(const float *p, const float *g, size_t rows, size_t n, float *out) {
  for (size_t r = 0; r < rows; r++) softmax_gradient_row(p + r * n, g + r * n, n, out + r * n);
}

/// The loss of a row and, where asked for, its gradient; the target's logit is read before anything is written.
static float cross_entropy_row(const float *logits, size_t target, float weight, size_t n, float *gradient) {
  const float chosen = logits[target], largest = row_largest(logits, n);
  if (!gradient) return VECTOR_NAME(row_log_sum_exp)(logits, n) - chosen;
  const float sum = exponentials(logits, largest, n, gradient), factor = weight / sum;
  FOR_EACH_VECTOR(n, { write(gradient + i, read(gradient + i, part, 0) * factor, part); });
  gradient[target] -= weight;
  return largest + log_of_one(sum) - chosen;
}

static void VECTOR_NAME(cross_entropy)(const float *logits, const int32_t *targets, const float *weights, size_t rows,
                                       size_t n, float *losses, float *gradients) {
  for (size_t r = 0; r < rows; r++) {
    float *gradient = gradients ? gradients + r * n : NULL, loss = 0;
    if (targets[r] < 0 || (size_t)targets[r] >= n) {
      if (gradient) memset(gradient, 0, n * sizeof(float));
    } else {
      loss = cross_entropy_row(logits + r * n, (size_t)targets[r], weights ? weights[r] : 1, n, gradient);
    }
    if (losses) losses[r] = loss;
  }
}
