#pragma once

#include "dropout_draws.h"
#include "training_convolution.h"
#include "training_norms.h"

// Broadcasts, sums over rows, gathering, rotation and the optimizer.

static void VECTOR_NAME(binary_row)(row_binary function, const float *x, const float *y, size_t rows, size_t n,
                                    float *out) {
  for (size_t r = 0; r < rows; r++) VECTOR_NAME(row_binary)(function, x + r * n, y, n, out + r * n);
}

static void VECTOR_NAME(binary_column)(row_binary function, const float *x, const float *y, size_t rows, size_t n,
                                       float *out) {
  for (size_t r = 0; r < rows; r++) VECTOR_NAME(row_binary_scalar)(function, x + r * n, y[r], n, out + r * n);
}

static void VECTOR_NAME(column_sums)(const float *x, size_t stride, size_t rows, size_t n, int adds, float *out) {
  size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    f32x16 sum[4];
    VECTOR_UNROLL for (int v = 0; v < 4; v++) sum[v] = adds ? load(out + i + 16 * v) : fill(0);
    for (size_t r = 0; r < rows; r++) {
      VECTOR_UNROLL for (int v = 0; v < 4; v++) sum[v] += load(x + r * stride + i + 16 * v);
    }
    VECTOR_UNROLL for (int v = 0; v < 4; v++) store(out + i + 16 * v, sum[v]);
  }
  for (; i < n; i += 16) {
    const size_t part = n - i < 16 ? n - i : 0;
    f32x16 sum = adds ? read(out + i, part, 0) : fill(0);
    for (size_t r = 0; r < rows; r++) sum += read(x + r * stride + i, part, 0);
    write(out + i, sum, part);
  }
}

static void VECTOR_NAME(gather)(const float *table, size_t tableRow, const int32_t *indices, size_t rows, size_t n,
                                float *out, size_t outRow) {
  for (size_t r = 0; r < rows; r++) {
    memcpy(out + r * outRow, table + (size_t)indices[r] * tableRow, n * sizeof(float));
  }
}

static void VECTOR_NAME(scatter_add)(const float *x, size_t xRow, const int32_t *indices, size_t rows, size_t n,
                                     float *out, size_t outRow) {
  for (size_t r = 0; r < rows; r++) {
    float *target = out + (size_t)indices[r] * outRow;
    FOR_EACH_VECTOR(n, { add_to(target + i, read(x + r * xRow + i, part, 0), part); });
  }
}

static void VECTOR_NAME(dropout)(const dropout_mask *mask, uint32_t key, size_t firstPlace, const float *x, size_t n,
                                 float *out) {
  const u32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const u32x16 draws = first_draws((u32x16)key, mask->salt);
  FOR_EACH_VECTOR(n, {
    const f32x16 shares = kept_shares(mask, draws, lane + (uint32_t)(firstPlace + i));
    write(out + i, read(x + i, part, 0) * shares, part);
  });
}

static void VECTOR_NAME(rope_rows)(const rope_rows *w, size_t firstRow, size_t rowCount) {
  const size_t half = w->width / 2;
  const float sign = w->isInverse ? -1 : 1;
  for (size_t r = firstRow; r < firstRow + rowCount; r++) {
    const float *cosines = w->cosines + (size_t)w->positions[r] * half, *sines = w->sines + (size_t)w->positions[r] * half;
    for (size_t h = 0; h < w->heads; h++) {
      const float *x = w->x + r * w->xRow + h * w->headWidth;
      float *out = w->out + r * w->outRow + h * w->headWidth;
      if (w->interleaved) rope_pairs(x, cosines, sines, sign, half, out);
      else rope_halves(x, cosines, sines, sign, half, out);
      if (x != out) memcpy(out + w->width, x + w->width, (w->headWidth - w->width) * sizeof(float));
    }
  }
}

static void VECTOR_NAME(adamw)(const adamw_step *s, const float *gradients, size_t n, float *parameters, float *m,
                               float *v) {
  FOR_EACH_VECTOR(n, {
    const f32x16 g = read(gradients + i, part, 0) * s->gradientScale;
    const f32x16 first = multiply_add(read(m + i, part, 0), fill(s->beta1), g * (1.0f - s->beta1));
    const f32x16 second = multiply_add(read(v + i, part, 0), fill(s->beta2), g * g * (1.0f - s->beta2));
    const f32x16 divisor = multiply_add(__builtin_elementwise_sqrt(second), fill(s->inverseRoot2), fill(s->epsilon));
    const f32x16 kept = read(parameters + i, part, 0) * s->keep;
    write(m + i, first, part);
    write(v + i, second, part);
    write(parameters + i, kept - s->rate * first / divisor, part);
  });
}

static double VECTOR_NAME(sum_squares)(const float *x, size_t n) {
  typedef double f64x16 __attribute__((ext_vector_type(16)));
  f64x16 sum = 0;
  FOR_EACH_VECTOR(n, {
    const f64x16 v = __builtin_convertvector(read(x + i, part, 0), f64x16);
    sum += v * v;
  });
  double lanes[16];
  memcpy(lanes, &sum, sizeof lanes);
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; i++) lanes[i] += lanes[i + width];
  }
  return lanes[0];
}

static void VECTOR_NAME(scale)(float factor, size_t n, float *x) {
  FOR_EACH_VECTOR(n, { write(x + i, read(x + i, part, 0) * factor, part); });
}

const training_kernels VECTOR_NAME(training_kernels) = {
    .name = VECTOR_LABEL,
    .rms_norm_gradient = VECTOR_NAME(rms_norm_gradient),
    .layer_norm_gradient = VECTOR_NAME(layer_norm_gradient),
    .softmax_gradient = VECTOR_NAME(softmax_gradient),
    .unary_gradient = VECTOR_NAME(row_unary_gradient),
    .gated_gradient = VECTOR_NAME(row_gated_gradient),
    .binary_row = VECTOR_NAME(binary_row),
    .binary_column = VECTOR_NAME(binary_column),
    .column_sums = VECTOR_NAME(column_sums),
    .cross_entropy = VECTOR_NAME(cross_entropy),
    .gather = VECTOR_NAME(gather),
    .scatter_add = VECTOR_NAME(scatter_add),
    .dropout = VECTOR_NAME(dropout),
    .rope = VECTOR_NAME(rope_rows),
    .convolution_gradient = VECTOR_NAME(convolution_gradient),
    .convolution_weight_gradient = VECTOR_NAME(convolution_weight_gradient),
    .adamw = VECTOR_NAME(adamw),
    .sum_squares = VECTOR_NAME(sum_squares),
    .scale = VECTOR_NAME(scale),
};
