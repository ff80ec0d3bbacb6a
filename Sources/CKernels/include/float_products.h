#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// c[i, j] = sum over s of a[i, s] * b[s, j], for i < rows, j < columns, s < steps.
///
/// Strides are floats. A list, where given, says which row or step of the stored matrix stands at an index.
typedef struct {
  size_t rows;
  size_t columns;
  size_t steps;
  const float *a;
  size_t aRow;
  size_t aStep;
  const float *b;
  size_t bStep;
  size_t bColumn;
  float *c;
  size_t cRow;  // columns lie side by side
  const int32_t *_Nullable aRows;
  const int32_t *_Nullable cRows;  // without repetition
  const int32_t *_Nullable aSteps;
  const int32_t *_Nullable bSteps;
  const float *_Nullable bias;  // [columns], what sums start from; not where they start from c
  int accumulates;              // sums start from what c holds
} float_product;

/// Products of float32 matrices on one instruction set. Every element is one sum over the steps in order, so neither the
/// division into panels and blocks nor the other rows and columns change its bits.
typedef struct {
  const char *name;
  uint32_t features;  // CPU_*, all needed
  int roundsToPairs;  // factors are rounded to bfloat16 and multiplied in pairs of steps
  size_t tileRows;
  size_t tileColumns;  // columns of a panel; the last one may be half as wide

  /// Writes panel `panel` of b, tileColumns wide; panels are independent.
  void (*pack)(const float_product *product, size_t panel, float *packed);

  /// Computes rows firstRow ..< firstRow + rowCount (firstRow a multiple of tileRows) of the columns of some panels.
  void (*multiply)(const float_product *product, const float *packed, size_t firstRow, size_t rowCount,
                   size_t firstPanel, size_t panelCount, float *scratch);
} float_product_kernels;

/// Kernels number `index` of this build, better ones later; NULL past the last.
const float_product_kernels *_Nullable float_product_kernels_at(size_t index);

/// Floats of all packed panels of b.
size_t float_product_packed_floats(const float_product_kernels *kernels, size_t columns, size_t steps);

/// Floats of scratch for blocks of up to `rowCount` rows.
size_t float_product_scratch_floats(const float_product_kernels *kernels, size_t rowCount);

#pragma clang assume_nonnull end
