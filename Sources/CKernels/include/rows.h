#pragma once

#include <stddef.h>
#include <stdint.h>

#include "vector_isa.h"

#pragma clang assume_nonnull begin

/// Elementwise functions of one operand.
typedef enum {
  ROW_SILU,          // x * sigmoid(x)
  ROW_SIGMOID,       // 1 / (1 + exp(-x))
  ROW_GELU,          // x/2 * (1 + erf(x / sqrt 2))
  ROW_GELU_TANH,     // x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
  ROW_RELU,          // max(x, 0)
  ROW_RELU_SQUARED,  // max(x, 0)^2
  ROW_TANH,
  ROW_EXP,
  ROW_SOFTPLUS,  // log(1 + exp(x)); x where x > 20
  ROW_LOG1P,
  ROW_FLOOR,
  ROW_NEGATE,
  ROW_SQRT,
} row_unary;

/// Elementwise functions of two operands.
typedef enum { ROW_ADD, ROW_SUBTRACT, ROW_MULTIPLY, ROW_DIVIDE, ROW_MINIMUM, ROW_MAXIMUM } row_binary;

/// Kernels over float32 rows of `n` elements at any alignment. `out` may be the same row as an input.
typedef struct {
  const char *name;

  /// out = x / sqrt(mean(x^2) + epsilon) (* weight)
  void (*rms_norm)(const float *x, const float *_Nullable weight, float epsilon, size_t n, float *out);
  /// out = (x - mean) / sqrt(variance + epsilon) (* weight) (+ bias)
  void (*layer_norm)(const float *x, const float *_Nullable weight, const float *_Nullable bias, float epsilon, size_t n,
                     float *out);
  /// out = exp(x - max) / sum
  void (*softmax)(const float *x, size_t n, float *out);
  /// The same with one more logit in the maximum and the sum, and no output for it.
  void (*softmax_sink)(const float *x, float sink, size_t n, float *out);
  /// log(sum(exp(x)))
  float (*log_sum_exp)(const float *x, size_t n);
  /// out = x / (sum(x) + epsilon)
  void (*normalize_sum)(const float *x, float epsilon, size_t n, float *out);
  /// sum(x)
  float (*sum)(const float *x, size_t n);
  /// sum(x * y)
  float (*dot)(const float *x, const float *y, size_t n);

  /// out = f(x)
  void (*unary)(row_unary function, const float *x, size_t n, float *out);
  /// out = f(x) * y
  void (*gated)(row_unary function, const float *x, const float *y, size_t n, float *out);
  /// out = f(x, y)
  void (*binary)(row_binary function, const float *x, const float *y, size_t n, float *out);
  /// out = f(x, y) with one `y` for all
  void (*binary_scalar)(row_binary function, const float *x, float y, size_t n, float *out);
  /// out = x * scale + offset, rounded after each
  void (*affine)(const float *x, float scale, float offset, size_t n, float *out);
  /// out = min(max(x, lower), upper)
  void (*clamp)(const float *x, float lower, float upper, size_t n, float *out);
  /// out = out + scale * x
  void (*accumulate)(const float *x, float scale, size_t n, float *out);

  /// Rotates `width` elements in pairs by angles given as rows of width/2 cosines and sines.
  /// Pair i is (i, i + width/2), or (2i, 2i + 1) where `interleaved`.
  void (*rope)(const float *x, const float *cosines, const float *sines, size_t width, int interleaved, float *out);

  /// Writes `n` floats as one cache row; see cache_row_bytes.
  void (*cache_store)(uint32_t format, const float *x, size_t n, void *destination);
  /// Writes `n` floats as row `index` of kept keys or values, which lie in tiles of 16 rows for attention to read.
  void (*cache_append)(uint32_t format, int isKeys, const float *x, size_t n, void *rows, size_t index);
  /// The same from a row that cache_store wrote.
  void (*cache_place)(uint32_t format, int isKeys, const void *row, size_t n, void *rows, size_t index);
  /// Reads `n` floats of one cache row.
  void (*cache_load)(uint32_t format, const void *source, size_t n, float *out);
} row_kernels;

/// The kernels of an instruction set, or of the baseline where it is not available.
const row_kernels *row_kernels_for(vector_isa isa);

/// Bytes of a cache row of `n` elements in a format by its GGUF type id: f32 (0), f16 (1), q4_0 (2), q8_0 (8).
/// A last partial block of the block formats is stored whole. 0 for another format.
size_t cache_row_bytes(uint32_t format, size_t n);

/// Copies row `lane` of one tile of 16 kept rows of `n` elements to the same place of another.
void cache_copy_row(uint32_t format, int isKeys, size_t n, const void *from, void *to, size_t lane);

/// Writes the indices of the `k` largest values, largest first, equal values by lower index first; a NaN is the smallest.
/// Returns how many were written: min(k, n). Cost: at most n * k.
size_t row_top_k(const float *x, size_t n, size_t k, int32_t *indices);

#pragma clang assume_nonnull end
