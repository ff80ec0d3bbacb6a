#pragma once

#include "rows_math.h"

// Reductions over a row: 64 partial sums by column mod 64, added in one order, whatever the instruction set.

typedef struct {
  f32x16 lanes[4];
} row_sums;

VECTOR_INLINE f32x16 total_lanes(row_sums s) { return (s.lanes[0] + s.lanes[2]) + (s.lanes[1] + s.lanes[3]); }

/// Runs `BODY` for each 16 columns `i` of `n` with `part` 0, or the count of a last partial vector.
#define FOR_EACH_VECTOR(n, BODY)             \
  do {                                       \
    size_t i = 0;                            \
    for (; i + 16 <= (n); i += 16) {         \
      const size_t part = 0;                 \
      BODY                                   \
    }                                        \
    if (i < (n)) {                           \
      const size_t part = (n) - i;           \
      BODY                                   \
    }                                        \
  } while (0)

VECTOR_INLINE f32x16 read(const float *p, size_t part, float padding) {
  return part ? load_part(p, part, padding) : load(p);
}

VECTOR_INLINE void write(float *p, f32x16 v, size_t part) {
  if (part) store_part(p, v, part);
  else store(p, v);
}

VECTOR_INLINE void add_to(float *sums, f32x16 v, size_t part) { write(sums, read(sums, part, 0) + v, part); }

/// Sums `TERM(i, part)` over the row, where padding makes a term 0.
#define ROW_SUM(n, TERM)                                                                  \
  row_sums sums = {{fill(0), fill(0), fill(0), fill(0)}};                                 \
  size_t whole = 0;                                                                       \
  for (; whole + 64 <= (n); whole += 64) {                                                \
    VECTOR_UNROLL for (size_t part4 = 0; part4 < 4; part4++) {                            \
      sums.lanes[part4] = TERM(whole + 16 * part4, (size_t)0, sums.lanes[part4]);         \
    }                                                                                     \
  }                                                                                       \
  for (size_t part4 = 0; whole < (n); whole += 16, part4++) {                             \
    sums.lanes[part4] = TERM(whole, (n) - whole >= 16 ? (size_t)0 : (n) - whole, sums.lanes[part4]); \
  }                                                                                       \
  const float total = sum_lanes(total_lanes(sums))

static float VECTOR_NAME(row_sum)(const float *x, size_t n) {
#define TERM(i, part, sum) ((sum) + read(x + (i), (part), 0))
  ROW_SUM(n, TERM);
#undef TERM
  return total;
}

static float VECTOR_NAME(row_dot)(const float *x, const float *y, size_t n) {
#define TERM(i, part, sum) multiply_add(read(x + (i), (part), 0), read(y + (i), (part), 0), (sum))
  ROW_SUM(n, TERM);
#undef TERM
  return total;
}

VECTOR_INLINE f32x16 square_from(f32x16 v, float mean, size_t part, f32x16 sum) {
  const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  f32x16 difference = v - mean;
  if (part) difference = choose(lane < (int32_t)part, difference, fill(0));
  return multiply_add(difference, difference, sum);
}

static float squares_from(const float *x, float mean, size_t n) {
#define TERM(i, part, sum) square_from(read(x + (i), (part), 0), mean, (part), (sum))
  ROW_SUM(n, TERM);
#undef TERM
  return total;
}

static float row_largest(const float *x, size_t n) {
  f32x16 largest = fill(-INFINITY);
  FOR_EACH_VECTOR(n, { largest = larger(read(x + i, part, -INFINITY), largest); });
  return largest_lane(largest);
}

static void VECTOR_NAME(row_rms_norm)(const float *x, const float *weight, float epsilon, size_t n, float *out) {
  const float mean = VECTOR_NAME(row_dot)(x, x, n) / (float)n;
  const float factor = 1.0f / __builtin_elementwise_sqrt(mean + epsilon);
  FOR_EACH_VECTOR(n, {
    f32x16 v = read(x + i, part, 0) * factor;
    if (weight) v *= read(weight + i, part, 0);
    write(out + i, v, part);
  });
}

static void VECTOR_NAME(row_layer_norm)(const float *x, const float *weight, const float *bias, float epsilon, size_t n,
                                        float *out) {
  const float mean = VECTOR_NAME(row_sum)(x, n) / (float)n;
  const float variance = squares_from(x, mean, n) / (float)n;
  const float factor = 1.0f / __builtin_elementwise_sqrt(variance + epsilon);
  FOR_EACH_VECTOR(n, {
    f32x16 v = (read(x + i, part, 0) - mean) * factor;
    if (weight) v *= read(weight + i, part, 0);
    if (bias) v += read(bias + i, part, 0);
    write(out + i, v, part);
  });
}

VECTOR_INLINE f32x16 store_exponential(const float *x, float largest, size_t part, float *out) {
  const f32x16 v = exp_of(read(x, part, -INFINITY) - largest);
  write(out, v, part);
  return v;
}

/// Writes exp(x - largest) and returns the sum.
static float exponentials(const float *x, float largest, size_t n, float *out) {
#define TERM(i, part, sum) ((sum) + store_exponential(x + (i), largest, (part), out + (i)))
  ROW_SUM(n, TERM);
#undef TERM
  return total;
}

static void divide_row(float *out, float divisor, size_t n) {
  FOR_EACH_VECTOR(n, { write(out + i, read(out + i, part, 0) / divisor, part); });
}

static void VECTOR_NAME(row_softmax)(const float *x, size_t n, float *out) {
  const float largest = row_largest(x, n);
  divide_row(out, exponentials(x, largest, n, out), n);
}

static void VECTOR_NAME(row_softmax_sink)(const float *x, float sink, size_t n, float *out) {
  const float largest = row_largest(x, n);
  const float shift = largest > sink ? largest : sink;
  const float sum = exponentials(x, shift, n, out);
  divide_row(out, sum + exp_of_one(sink - shift), n);
}

static float VECTOR_NAME(row_log_sum_exp)(const float *x, size_t n) {
  const float largest = row_largest(x, n);
  if (largest == -INFINITY || largest == INFINITY) return largest;
#define TERM(i, part, sum) ((sum) + exp_of(read(x + (i), (part), -INFINITY) - largest))
  ROW_SUM(n, TERM);
#undef TERM
  return largest + log_of_one(total);
}

static void VECTOR_NAME(row_normalize_sum)(const float *x, float epsilon, size_t n, float *out) {
  const float divisor = VECTOR_NAME(row_sum)(x, n) + epsilon;
  FOR_EACH_VECTOR(n, { write(out + i, read(x + i, part, 0) / divisor, part); });
}
