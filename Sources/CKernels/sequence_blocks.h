#pragma once

#include "attention_softmax.h"
#include "dropout_draws.h"
#include "float_product.h"
#include "rows_norms.h"
#include "sequence_attention.h"

// Blocks of 32 queries and 96 keys. Scores of a block are [key, query]: a vector's lanes are queries, so that softmax needs no
// sums across lanes, and every product reads its left operand either with rows or with steps side by side.

enum { sequence_queries = 32, sequence_keys = 96 };

/// Products of score blocks: rows of the left operand are `sequence_queries` floats apart.
#define APART_TILE(r, v)                                                                                       \
  static void product_apart_##r##_##v(const float *a, size_t aStep, const float *b, size_t bStep, size_t units, \
                                      const float *start, size_t startRow, float *c, size_t cRow) {            \
    product_tile(a, aStep, b, bStep, units, start, startRow, c, cRow, r, v, sequence_queries);                 \
  }
#define APART_ENTRY(r, v) [r / PRODUCT_TAIL - 1][v - 1] = product_apart_##r##_##v,
PRODUCT_FOR_EACH_TAIL(APART_TILE, 1)
#if PRODUCT_VECTORS > 1
PRODUCT_FOR_EACH_TAIL(APART_TILE, 2)
#endif
static const product_tile_function apart_tiles[PRODUCT_ROWS / PRODUCT_TAIL][PRODUCT_VECTORS] = {
    PRODUCT_FOR_EACH_TAIL(APART_ENTRY, 1)
#if PRODUCT_VECTORS > 1
    PRODUCT_FOR_EACH_TAIL(APART_ENTRY, 2)
#endif
};

/// c[rows, columns] (+)= a . b for a multiple of 16 columns; up to 3 rows more are written.
/// Rows of a are side by side and its steps `aStep` apart; where `aStep` is 1, rows are `sequence_queries` apart.
static void block_product(const float *a, size_t aStep, const float *b, size_t bStep, size_t rows, size_t columns,
                          size_t units, int adds, float *c, size_t cRow) {
  const size_t lane = aStep == 1 ? sequence_queries : 1;
  for (size_t j = 0; j < columns;) {
    const size_t vectors = columns - j >= product_columns ? PRODUCT_VECTORS : 1;
    for (size_t i = 0; i < rows; i += product_rows) {
      const size_t entry = strip_rows(rows - i) / PRODUCT_TAIL - 1;
      const product_tile_function tile = aStep == 1 ? apart_tiles[entry][vectors - 1] : product_tiles[entry][vectors - 1];
      float *target = c + i * cRow + j;
      tile(a + i * lane, aStep, b + j, bStep, units, adds ? target : NULL, cRow, target, cRow);
    }
    j += 16 * vectors;
  }
}

VECTOR_INLINE size_t sixteens(size_t n) { return (n + 15) / 16 * 16; }

/// Rows of `width` elements as [rows, sixteens(width)], filled up with zeros.
static void copy_rows(const float *from, size_t stride, size_t rows, size_t width, float *out) {
  const strided_operand s = {from, 1, stride, NULL, NULL, rows};
  pack_straight(&s, 0, width, sixteens(width), 0, rows, out);
}

/// Rows of `width` elements as [width, lanes], filled up with zeros.
static void turn_rows(const float *from, size_t stride, size_t rows, size_t width, size_t lanes, float *out) {
  const strided_operand s = {from, stride, 1, NULL, NULL, width};
  pack_transposed(&s, 0, rows, lanes, 0, width, out);
}

/// Writes the first `width` of rows of sixteens(width) elements.
static void write_rows(const float *from, size_t rows, size_t width, float *out, size_t stride) {
  for (size_t r = 0; r < rows; r++) {
    memcpy(out + r * stride, from + r * sixteens(width), width * sizeof(float));
  }
}

/// The first position that a row at `position` sees.
VECTOR_INLINE size_t first_seen(const sequence_attention *s, size_t position) {
  if (s->chunk) return position / s->chunk * s->chunk;
  return s->window && position >= s->window ? position - s->window + 1 : 0;
}

/// Positions of up to 32 queries, and the first that each sees.
typedef struct {
  size_t first;
  size_t count;
  i32x16 position[2];
  i32x16 seen[2];
} query_block;

static query_block query_block_at(const sequence_attention *s, size_t first, size_t end) {
  query_block block = {.first = first, .count = end - first < sequence_queries ? end - first : sequence_queries};
  int32_t seen[sequence_queries];
  for (size_t i = 0; i < sequence_queries; i++) seen[i] = (int32_t)first_seen(s, first + i);
  const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  memcpy(block.seen, seen, sizeof seen);
  block.position[0] = lane + (int32_t)first;
  block.position[1] = lane + (int32_t)first + 16;
  return block;
}

/// Keys of a block that some query sees: from the block's first one.
VECTOR_INLINE size_t keys_seen(const query_block *q, size_t firstKey, size_t count) {
  const size_t end = q->first + q->count;
  return firstKey >= end ? 0 : (end - firstKey < count ? end - firstKey : count);
}

/// Whether every query sees all of some keys.
VECTOR_INLINE int sees_all(const sequence_attention *s, const query_block *q, size_t firstKey, size_t keys) {
  return firstKey + keys <= q->first + 1 && first_seen(s, q->first + q->count - 1) <= firstKey;
}

/// Whether some query sees one of the keys.
VECTOR_INLINE int sees_some(const sequence_attention *s, const query_block *q, size_t firstKey, size_t count) {
  return firstKey < q->first + q->count && first_seen(s, q->first) < firstKey + count;
}

/// Dropout of numbers [key, query] of one vector of queries of a head.
static void drop_pairs(const sequence_attention *s, const query_block *q, int half, size_t start, size_t head,
                       size_t firstKey, size_t keys, float *pairs) {
  u32x16 rows = 0;
  for (size_t i = 0; i < 16; i++) {
    const size_t at = 16 * (size_t)half + i;
    if (at < q->count) rows[i] = (uint32_t)s->dropoutKeys[start + q->first + at];
  }
  const u32x16 draws = first_draws(rows, s->dropout.salt + (uint32_t)head);
  for (size_t k = 0; k < keys; k++) {
    float *p = pairs + k * sequence_queries;
    store(p, load(p) * kept_shares(&s->dropout, draws, (u32x16)(uint32_t)(firstKey + k)));
  }
}

VECTOR_INLINE i32x16 key_mask(const query_block *q, int half, size_t key) {
  const i32x16 k = (i32x16)(int32_t)key;
  return (k <= q->position[half]) & (k >= q->seen[half]);
}
