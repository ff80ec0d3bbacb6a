#pragma once

#include "float_product_pack.h"

// Products of packed panels, for one instruction set.
//
// The including file defines PRODUCT_ROWS (rows of a tile of registers), PRODUCT_TAIL (what a last tile's rows are
// rounded up to), PRODUCT_VECTORS (of 16 columns), PRODUCT_FEATURES and PRODUCT_NAME beside what packing needs.

enum {
  product_rows = PRODUCT_ROWS,
  product_columns = 16 * PRODUCT_VECTORS,
  // Units that pass while a tile stays in registers.
  product_chunk = 256,
};

VECTOR_INLINE f32x16 add_product(f32x16 x, f32x16 w, f32x16 sum) {
#if PRODUCT_PAIRS
  return (f32x16)_mm512_dpbf16_ps((__m512)sum, (__m512bh)w, (__m512bh)x);
#else
  return multiply_add(x, w, sum);
#endif
}

/// sums[rows, vectors] of a strip of a, whose rows are `aLane` floats apart, and a panel of b, from `start` on, which is
/// `startRow` floats a row; NULL: zeros.
VECTOR_INLINE void product_tile(const float *a, size_t aStep, const float *b, size_t bStep, size_t units,
                                const float *start, size_t startRow, float *c, size_t cRow, const int rows,
                                const int vectors, const int aLane) {
  f32x16 sum[PRODUCT_ROWS * PRODUCT_VECTORS];
  VECTOR_UNROLL for (int r = 0; r < rows; r++) {
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
      sum[r * vectors + v] = start ? load(start + (size_t)r * startRow + 16 * v) : fill(0);
    }
  }
  for (size_t u = 0; u < units; u++, a += aStep, b += bStep) {
    f32x16 w[PRODUCT_VECTORS];
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) w[v] = load(b + 16 * v);
    VECTOR_UNROLL for (int r = 0; r < rows; r++) {
      const f32x16 x = fill(a[r * aLane]);
      VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
        sum[r * vectors + v] = add_product(x, w[v], sum[r * vectors + v]);
      }
    }
  }
  VECTOR_UNROLL for (int r = 0; r < rows; r++) {
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) store(c + (size_t)r * cRow + 16 * v, sum[r * vectors + v]);
  }
}

#define PRODUCT_TILE(r, v)                                                                                     \
  static void product_tile_##r##_##v(const float *a, size_t aStep, const float *b, size_t bStep, size_t units, \
                                     const float *start, size_t startRow, float *c, size_t cRow) {             \
    product_tile(a, aStep, b, bStep, units, start, startRow, c, cRow, r, v, 1);                                \
  }
typedef void (*product_tile_function)(const float *a, size_t aStep, const float *b, size_t bStep, size_t units,
                                      const float *start, size_t startRow, float *c, size_t cRow);
#define PRODUCT_TILES(v) PRODUCT_FOR_EACH_TAIL(PRODUCT_TILE, v)
#define PRODUCT_ENTRY(r, v) [r / PRODUCT_TAIL - 1][v - 1] = product_tile_##r##_##v,
PRODUCT_TILES(1)
#if PRODUCT_VECTORS > 1
PRODUCT_TILES(2)
#endif
static const product_tile_function product_tiles[PRODUCT_ROWS / PRODUCT_TAIL][PRODUCT_VECTORS] = {
    PRODUCT_FOR_EACH_TAIL(PRODUCT_ENTRY, 1)
#if PRODUCT_VECTORS > 1
    PRODUCT_FOR_EACH_TAIL(PRODUCT_ENTRY, 2)
#endif
};

/// Rows of a strip of `rows` valid ones.
VECTOR_INLINE size_t strip_rows(size_t rows) {
  return rows >= product_rows ? product_rows : (rows + PRODUCT_TAIL - 1) / PRODUCT_TAIL * PRODUCT_TAIL;
}

/// Columns of a panel of which `columns` are left.
VECTOR_INLINE size_t panel_columns(size_t columns) { return columns > 16 ? product_columns : 16; }

static void VECTOR_NAME(product_pack)(const float_product *p, size_t panel, float *packed) {
  const strided_operand b = {p->b, p->bColumn, p->bStep, NULL, p->bSteps, p->steps};
  const size_t first = panel * product_columns, left = p->columns - first, width = panel_columns(left);
  const size_t units = units_of(p->steps);
  pack_lanes(&b, first, left < width ? left : width, width, 0, units, packed + first * units);
}

/// A tile that is not whole or whose rows are listed goes through a buffer.
static void product_edge(const float_product *p, product_tile_function tile, const float *a, size_t aStep,
                         const float *b, size_t bStep, size_t units, const float *start, size_t startRow, size_t row, size_t rows, size_t column,
                         size_t columns) {
  float buffer[PRODUCT_ROWS * 16 * PRODUCT_VECTORS];
  if (start) memset(buffer, 0, sizeof buffer);
  for (size_t r = 0; r < rows && start; r++) {
    const float *from = startRow ? p->c + listed(p->cRows, row + r) * p->cRow + column : start;
    memcpy(buffer + r * product_columns, from, columns * sizeof(float));
  }
  tile(a, aStep, b, bStep, units, start ? buffer : NULL, product_columns, buffer, product_columns);
  for (size_t r = 0; r < rows; r++) {
    memcpy(p->c + listed(p->cRows, row + r) * p->cRow + column, buffer + r * product_columns, columns * sizeof(float));
  }
}

/// One panel times all strips of a block of rows, for one chunk of units.
static void product_panel(const float_product *p, const float *a, const float *b, size_t units, int isFirst,
                          size_t firstRow, size_t rowCount, size_t column) {
  const size_t left = p->columns - column, width = panel_columns(left), columns = left < width ? left : width;
  const int starts = !isFirst || p->accumulates;
  for (size_t r = 0; r < rowCount; r += product_rows) {
    const size_t rows = rowCount - r < product_rows ? rowCount - r : product_rows, strip = strip_rows(rows);
    const product_tile_function tile = product_tiles[strip / PRODUCT_TAIL - 1][width / 16 - 1];
    float *c = p->c + (firstRow + r) * p->cRow + column;
    const float *start = starts ? c : (p->bias ? p->bias + column : NULL);
    const size_t startRow = starts ? p->cRow : 0;
    if (strip == rows && columns == width && !p->cRows) tile(a, strip, b, width, units, start, startRow, c, p->cRow);
    else product_edge(p, tile, a, strip, b, width, units, start, startRow, firstRow + r, rows, column, columns);
    a += strip * units;
  }
}

static void VECTOR_NAME(product_multiply)(const float_product *p, const float *packed, size_t firstRow, size_t rowCount,
                                          size_t firstPanel, size_t panelCount, float *scratch) {
  const strided_operand a = {p->a, p->aRow, p->aStep, p->aRows, p->aSteps, p->steps};
  const size_t all = units_of(p->steps);
  for (size_t unit = 0; unit == 0 || unit < all; unit += product_chunk) {
    const size_t units = all - unit < product_chunk ? all - unit : product_chunk;
    float *strip = scratch;
    for (size_t r = 0; r < rowCount; r += product_rows) {
      const size_t rows = rowCount - r < product_rows ? rowCount - r : product_rows, width = strip_rows(rows);
      pack_lanes(&a, firstRow + r, rows, width, unit, units, strip);
      strip += width * units;
    }
    for (size_t panel = firstPanel; panel < firstPanel + panelCount; panel++) {
      const size_t column = panel * product_columns, width = panel_columns(p->columns - column);
      product_panel(p, scratch, packed + column * all + unit * width, units, unit == 0, firstRow, rowCount, column);
    }
  }
}

const float_product_kernels VECTOR_NAME(float_product_kernels) = {
    .name = VECTOR_LABEL,
    .features = PRODUCT_FEATURES,
    .roundsToPairs = PRODUCT_PAIRS,
    .tileRows = PRODUCT_ROWS,
    .tileColumns = 16 * PRODUCT_VECTORS,
    .pack = VECTOR_NAME(product_pack),
    .multiply = VECTOR_NAME(product_multiply),
};
