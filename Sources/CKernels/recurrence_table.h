#pragma once

#include "recurrence_convolution.h"
#include "rows_math.h"

// Recurrent states by columns: every column of S is its own recurrence, so a strip of columns runs through all rows while
// it is in the nearest cache. Sums over the key are four partial sums by index mod 4.

#if VECTOR_REGISTERS >= 32
enum { STRIP_VECTORS = 2 };
#else
enum { STRIP_VECTORS = 1 };
#endif

/// The products of a key or query with the strip's columns.
VECTOR_INLINE void project(const int vectors, const float *x, size_t n, const float *state, size_t stride, f32x16 *out) {
  f32x16 sums[4][STRIP_VECTORS];
  VECTOR_UNROLL for (int part = 0; part < 4; part++) {
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) sums[part][v] = fill(0);
  }
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    VECTOR_UNROLL for (size_t part = 0; part < 4; part++) {
      const f32x16 scale = fill(x[i + part]);
      VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
        sums[part][v] = multiply_add(scale, load(state + (i + part) * stride + 16 * v), sums[part][v]);
      }
    }
  }
  for (size_t part = 0; i < n; i++, part++) {
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
      sums[part][v] = multiply_add(fill(x[i]), load(state + i * stride + 16 * v), sums[part][v]);
    }
  }
  VECTOR_UNROLL for (int v = 0; v < vectors; v++) out[v] = (sums[0][v] + sums[2][v]) + (sums[1][v] + sums[3][v]);
}

/// One row of S: decay S + k (x) added, and its part of the products of `query` and of `next` with the new S.
VECTOR_INLINE void update_row(const int vectors, const int looksAhead, float decay, float key, const f32x16 *added,
                              float query, float next, float *row, f32x16 *sums, f32x16 *nextSums) {
  const f32x16 k = fill(key), q = fill(query), n = fill(next);
  VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
    const f32x16 value = multiply_add(k, added[v], load(row + 16 * v) * decay);
    store(row + 16 * v, value);
    sums[v] = multiply_add(q, value, sums[v]);
    if (looksAhead) nextSums[v] = multiply_add(n, value, nextSums[v]);
  }
}

/// S = decay S + k (x) added; returns the products of the query, and where `looksAhead` of the next key, with the new S.
VECTOR_INLINE void update(const int vectors, const int looksAhead, float decay, const float *key, const f32x16 *added,
                          const float *query, const float *next, size_t n, float *state, size_t stride, f32x16 *out,
                          f32x16 *known) {
  f32x16 sums[4][STRIP_VECTORS], nextSums[4][STRIP_VECTORS];
  VECTOR_UNROLL for (int part = 0; part < 4; part++) {
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) sums[part][v] = nextSums[part][v] = fill(0);
  }
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    VECTOR_UNROLL for (size_t part = 0; part < 4; part++) {
      update_row(vectors, looksAhead, decay, key[i + part], added, query[i + part], looksAhead ? next[i + part] : 0,
                 state + (i + part) * stride, sums[part], nextSums[part]);
    }
  }
  for (size_t part = 0; i < n; i++, part++) {
    update_row(vectors, looksAhead, decay, key[i], added, query[i], looksAhead ? next[i] : 0, state + i * stride,
               sums[part], nextSums[part]);
  }
  VECTOR_UNROLL for (int v = 0; v < vectors; v++) out[v] = (sums[0][v] + sums[2][v]) + (sums[1][v] + sums[3][v]);
  if (!looksAhead) return;
  VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
    known[v] = (nextSums[0][v] + nextSums[2][v]) + (nextSums[1][v] + nextSums[3][v]);
  }
}

/// All rows for the columns at `state`, `values`, `outputs`. The delta rule reads S once a row: what the next key knows
/// is summed while S is brought up to this row.
VECTOR_INLINE void run_strip(const int vectors, const int isDelta, const recurrence_head *h, float *state, size_t stride,
                             const float *values, size_t valueStride, float *outputs, size_t outputStride) {
  f32x16 known[STRIP_VECTORS];
  if (isDelta && h->count > 0) project(vectors, h->keys, h->keyWidth, state, stride, known);
  for (size_t t = 0; t < h->count; t++) {
    const float *key = h->keys + t * h->keyStride, *query = h->queries + t * h->queryStride;
    const float decay = exp_of_one(h->decays[t * h->decayStride]);
    f32x16 added[STRIP_VECTORS], out[STRIP_VECTORS];
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) added[v] = load(values + t * valueStride + 16 * v);
    if (isDelta) {
      const float rate = h->rates ? h->rates[t * h->rateStride] : 1.0f;
      VECTOR_UNROLL for (int v = 0; v < vectors; v++) added[v] = (added[v] - known[v] * decay) * rate;
    }
    if (isDelta && t + 1 < h->count) {
      update(vectors, 1, decay, key, added, query, key + h->keyStride, h->keyWidth, state, stride, out, known);
    } else {
      update(vectors, 0, decay, key, added, query, key, h->keyWidth, state, stride, out, known);
    }
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) store(outputs + t * outputStride + 16 * v, out[v]);
  }
}

/// The last `part` (1...15) columns, one row at a time through padded copies of value and output.
static void run_last_columns(int isDelta, const recurrence_head *h, size_t column, size_t part) {
  for (size_t t = 0; t < h->count; t++) {
    const float *key = h->keys + t * h->keyStride;
    const float *query = h->queries + t * h->queryStride;
    const float decay = exp_of_one(h->decays[t * h->decayStride]);
    const float rate = h->rates ? h->rates[t * h->rateStride] : 1.0f;
    f32x16 added = load_part(h->values + t * h->valueStride + column, part, 0);
    f32x16 sums[4] = {fill(0), fill(0), fill(0), fill(0)};
    if (isDelta) {
      for (size_t i = 0; i < h->keyWidth; i++) {
        const f32x16 cell = load_part(h->state + i * h->valueWidth + column, part, 0);
        sums[i % 4] = multiply_add(fill(key[i]), cell, sums[i % 4]);
      }
      added = (added - ((sums[0] + sums[2]) + (sums[1] + sums[3])) * decay) * rate;
    }
    for (int i = 0; i < 4; i++) sums[i] = fill(0);
    for (size_t i = 0; i < h->keyWidth; i++) {
      float *cell = h->state + i * h->valueWidth + column;
      const f32x16 value = multiply_add(fill(key[i]), added, load_part(cell, part, 0) * decay);
      store_part(cell, value, part);
      sums[i % 4] = multiply_add(fill(query[i]), value, sums[i % 4]);
    }
    store_part(h->outputs + t * h->outputStride + column, (sums[0] + sums[2]) + (sums[1] + sums[3]), part);
  }
}

VECTOR_INLINE void run_head(const int isDelta, const recurrence_head *h) {
  size_t c = 0;
  for (; c + 16 * STRIP_VECTORS <= h->valueWidth; c += 16 * STRIP_VECTORS) {
    run_strip(STRIP_VECTORS, isDelta, h, h->state + c, h->valueWidth, h->values + c, h->valueStride, h->outputs + c,
              h->outputStride);
  }
  for (; c + 16 <= h->valueWidth; c += 16) {
    run_strip(1, isDelta, h, h->state + c, h->valueWidth, h->values + c, h->valueStride, h->outputs + c,
              h->outputStride);
  }
  if (c < h->valueWidth) run_last_columns(isDelta, h, c, h->valueWidth - c);
}

static void VECTOR_NAME(gated_delta)(const recurrence_head *head) { run_head(1, head); }
static void VECTOR_NAME(decay)(const recurrence_head *head) { run_head(0, head); }

const recurrence_kernels VECTOR_NAME(recurrence_kernels) = {
    .name = VECTOR_LABEL,
    .gated_delta = VECTOR_NAME(gated_delta),
    .decay = VECTOR_NAME(decay),
    .convolution = VECTOR_NAME(convolution),
};
