#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dropout.h"
#include "recurrence.h"
#include "rows.h"
#include "vector_isa.h"

#pragma clang assume_nonnull begin

/// The numbers of one AdamW step (arXiv 1711.05101).
typedef struct {
  float rate;           // learning rate / (1 - beta1^step)
  float beta1;
  float beta2;
  float epsilon;
  float keep;           // 1 - learning rate * weight decay
  float inverseRoot2;   // 1 / sqrt(1 - beta2^step)
  float gradientScale;  // multiplies every gradient first
} adamw_step;

/// Rows of heads that rotate by their positions.
typedef struct {
  const float *x;
  size_t xRow;  // floats between rows
  float *out;   // may be x
  size_t outRow;
  size_t heads;
  size_t headWidth;
  size_t width;            // elements of a head that rotate; the others are copied
  const float *cosines;    // [positions, width / 2]
  const float *sines;
  const int32_t *positions;  // of each row
  int interleaved;         // pair i is (2i, 2i + 1) instead of (i, i + width / 2)
  int isInverse;           // by the opposite angles: the gradient
} rope_rows;

/// What training adds to row_kernels. Matrices are float32 [rows, n] without gaps unless a stride is given; `out` may be an
/// input of the same shape. Sums run in an order that depends on shapes only.
typedef struct {
  const char *name;

  /// dx (+)= the gradient by x of x / sqrt(mean(x^2) + epsilon) (* weight), from g.
  /// weightSums[n] = sum over the rows of g * x / sqrt(mean(x^2) + epsilon).
  void (*rms_norm_gradient)(const float *x, const float *g, const float *_Nullable weight, float epsilon, size_t rows,
                            size_t n, int adds, float *dx, float *_Nullable weightSums);
  /// The same for (x - mean) / sqrt(variance + epsilon) (* weight) (+ bias); biasSums[n] = sum over the rows of g.
  void (*layer_norm_gradient)(const float *x, const float *g, const float *_Nullable weight, float epsilon, size_t rows,
                              size_t n, int adds, float *dx, float *_Nullable weightSums, float *_Nullable biasSums);
  /// out = p * (g - sum(p * g)) of each row; 0 where p is 0.
  void (*softmax_gradient)(const float *p, const float *g, size_t rows, size_t n, float *out);

  /// out = g * f'(x)
  void (*unary_gradient)(row_unary function, const float *g, const float *x, size_t n, float *out);
  /// dx = g * y * f'(x); dy = g * f(x)
  void (*gated_gradient)(row_unary function, const float *g, const float *x, const float *y, size_t n, float *dx,
                         float *dy);
  /// out = f(x, y) with one y[n] for all rows
  void (*binary_row)(row_binary function, const float *x, const float *y, size_t rows, size_t n, float *out);
  /// out = f(x, y) with y[rows], one for each row
  void (*binary_column)(row_binary function, const float *x, const float *y, size_t rows, size_t n, float *out);
  /// out[n] (+)= the sum over rows that are `stride` floats apart, in order
  void (*column_sums)(const float *x, size_t stride, size_t rows, size_t n, int adds, float *out);

  /// losses[r] = log(sum(exp(logits[r]))) - logits[r, targets[r]]
  /// gradients[r] = weights[r] * (softmax(logits[r]) - one(targets[r])); may be the logits
  /// A row whose target is not in 0 ..< n has loss and gradient 0.
  void (*cross_entropy)(const float *logits, const int32_t *targets, const float *_Nullable weights, size_t rows,
                        size_t n, float *_Nullable losses, float *_Nullable gradients);

  /// out[r] = table[indices[r]], n floats of rows that are a stride apart
  void (*gather)(const float *table, size_t tableRow, const int32_t *indices, size_t rows, size_t n, float *out,
                 size_t outRow);
  /// out[indices[r]] += x[r], in order of r
  void (*scatter_add)(const float *x, size_t xRow, const int32_t *indices, size_t rows, size_t n, float *out,
                      size_t outRow);
  /// out = x where the mask keeps it, scaled, else 0; x[0] is at `firstPlace` of a row with this key
  void (*dropout)(const dropout_mask *mask, uint32_t key, size_t firstPlace, const float *x, size_t n, float *out);
  void (*rope)(const rope_rows *work, size_t firstRow, size_t rowCount);

  /// outputs[t, c] = sum_j weights[c, j] inputs[t + taps - 1 - j, c], of the range's own rows; no state, no biases
  void (*convolution_gradient)(const convolution_range *range);
  /// sums[c, j] += sum_t g[t, c] x[t - taps + 1 + j, c], of `rows` rows from a sequence's first; sums [n, taps]
  void (*convolution_weight_gradient)(const float *g, size_t gRow, const float *x, size_t xRow, size_t rows, size_t n,
                                      size_t taps, float *sums);

  /// p = keep * p - rate * m / (sqrt(v) * inverseRoot2 + epsilon), after
  /// m = beta1 * m + (1 - beta1) * g and v = beta2 * v + (1 - beta2) * g^2
  void (*adamw)(const adamw_step *step, const float *gradients, size_t n, float *parameters, float *m, float *v);
  /// sum(x^2) in double precision
  double (*sum_squares)(const float *x, size_t n);
  /// x = x * factor
  void (*scale)(float factor, size_t n, float *x);
} training_kernels;

/// The kernels of an instruction set, or of the baseline where it is not available.
const training_kernels *training_kernels_for(vector_isa isa);

#pragma clang assume_nonnull end
