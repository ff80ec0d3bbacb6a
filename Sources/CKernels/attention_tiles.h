#pragma once

// The two products of attention over tiles of 16 positions, for a few queries at once. A score is one chain of sums over
// the columns and a mixed value one chain over the positions, so neither the tile's shape nor the other queries change
// its bits.

#if VECTOR_REGISTERS >= 32
enum { SCORE_QUERIES = 4, SCORE_TILES = 4, MIX_QUERIES = 4, MIX_VECTORS = 4 };
#elif VECTOR_REGISTERS >= 8
enum { SCORE_QUERIES = 2, SCORE_TILES = 2, MIX_QUERIES = 2, MIX_VECTORS = 2 };
#else
enum { SCORE_QUERIES = 1, SCORE_TILES = 2, MIX_QUERIES = 1, MIX_VECTORS = 2 };
#endif

#include "attention_integers.h"

/// Keys or values of one block: its four tiles, some of which nobody looks at.
typedef struct {
  uint32_t format;
  const uint8_t *tiles[4];
  size_t stored;  // elements of a row
  size_t offset;  // first element that takes part
} attention_block_view;

VECTOR_INLINE void score_floats(const uint32_t format, const int queries, const int tiles, const float *rows,
                                size_t stride, size_t width, const uint8_t *const *tile, float *scores) {
  f32x16 sums[SCORE_QUERIES][SCORE_TILES];
  VECTOR_UNROLL for (int q = 0; q < queries; q++) {
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) sums[q][t] = fill(0);
  }
  for (size_t c = 0; c < width; c++) {
    f32x16 key[SCORE_TILES];
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) {
      key[t] = format == CACHE_F16 ? load_halves(tile[t] + c * 32) : load((const float *)(const void *)tile[t] + c * 16);
    }
    VECTOR_UNROLL for (int q = 0; q < queries; q++) {
      const f32x16 x = fill(rows[(size_t)q * stride + c]);
      VECTOR_UNROLL for (int t = 0; t < tiles; t++) sums[q][t] = multiply_add(x, key[t], sums[q][t]);
    }
  }
  VECTOR_UNROLL for (int q = 0; q < queries; q++) {
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) store(scores + q * 64 + 16 * t, sums[q][t]);
  }
}

/// Scores of `queries` rows against tiles first ..< last.
VECTOR_INLINE void score_some(const uint32_t format, const int queries, const float *rows, size_t stride, size_t width,
                              const attention_block_view *keys, int first, int last, float *scores) {
  const size_t element = format == CACHE_F16 ? 32 : 64;
  for (int t = first; t < last;) {
    const int wide = t + SCORE_TILES <= last;
    const uint8_t *tile[SCORE_TILES];
    for (int i = 0; i < (wide ? SCORE_TILES : 1); i++) {
      tile[i] = keys->tiles[t + i] + (cache_is_blocks(format) ? 0 : keys->offset * element);
    }
    if (cache_is_blocks(format)) {
      const size_t block = keys->offset / 32;
      if (wide) score_integers(format, queries, SCORE_TILES, rows, stride, width, tile, keys->stored, block, scores + 16 * t);
      else score_integers(format, queries, 1, rows, stride, width, tile, keys->stored, block, scores + 16 * t);
    } else if (wide) {
      score_floats(format, queries, SCORE_TILES, rows, stride, width, tile, scores + 16 * t);
    } else {
      score_floats(format, queries, 1, rows, stride, width, tile, scores + 16 * t);
    }
    t += wide ? SCORE_TILES : 1;
  }
}

/// Which scores are wanted: for each of `count` queries, tiles first ..< last.
VECTOR_INLINE void score_format(const uint32_t format, size_t count, const float *rows, size_t stride, size_t width,
                                const attention_block_view *keys, int first, int last, float *scores) {
  size_t q = 0;
  for (; q + SCORE_QUERIES <= count; q += SCORE_QUERIES) {
    score_some(format, SCORE_QUERIES, rows + q * stride, stride, width, keys, first, last, scores + q * 64);
  }
  for (; q < count; q++) {
    score_some(format, 1, rows + q * stride, stride, width, keys, first, last, scores + q * 64);
  }
}

static void score_queries(size_t count, const float *rows, size_t stride, size_t width, const attention_block_view *keys,
                          int first, int last, float *scores) {
  switch (keys->format) {
    case CACHE_F16: score_format(CACHE_F16, count, rows, stride, width, keys, first, last, scores); return;
    case CACHE_Q8_0: score_format(CACHE_Q8_0, count, rows, stride, width, keys, first, last, scores); return;
    case CACHE_Q4_0: score_format(CACHE_Q4_0, count, rows, stride, width, keys, first, last, scores); return;
    default: score_format(CACHE_F32, count, rows, stride, width, keys, first, last, scores); return;
  }
}

/// Sums of weighted values; weights are rows of 64, sums rows of `stride`.
typedef struct {
  const float *weights;
  int first;  // positions of the block that take part
  int last;
  float *sums;
  size_t stride;
} attention_mixture;

/// Adds weighted rows of values, `count` of them `bytes` apart, to the sums held.
VECTOR_INLINE void mix_values(const uint32_t format, const int queries, const int vectors, const int count,
                              const uint8_t *row, size_t bytes, const float *weight,
                              f32x16 (*held)[MIX_VECTORS]) {
  for (int i = 0; i < count; i++, row += bytes, weight++) {
    f32x16 value[MIX_VECTORS];
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
      value[v] = format == CACHE_F16 ? load_halves(row + 32 * v) : load((const float *)(const void *)row + 16 * v);
    }
    VECTOR_UNROLL for (int q = 0; q < queries; q++) {
      const f32x16 by = fill(weight[q * 64]);
      VECTOR_UNROLL for (int v = 0; v < vectors; v++) held[q][v] = multiply_add(by, value[v], held[q][v]);
    }
  }
}

/// Adds `vectors` vectors of columns from `column` to `queries` rows of sums from `out`; rows of values are `bytes` apart.
VECTOR_INLINE void mix_tile(const uint32_t format, const int queries, const int vectors, attention_mixture m,
                            const attention_block_view *values, size_t bytes, size_t column, size_t out) {
  const size_t element = format == CACHE_F16 ? 2 : 4;
  f32x16 held[MIX_QUERIES][MIX_VECTORS];
  VECTOR_UNROLL for (size_t q = 0; q < (size_t)queries; q++) {
    VECTOR_UNROLL for (size_t v = 0; v < (size_t)vectors; v++) held[q][v] = load(m.sums + q * m.stride + out + 16 * v);
  }
  for (int t = m.first / CACHE_TILE; t * CACHE_TILE < m.last; t++) {
    const int low = m.first > t * CACHE_TILE ? m.first : t * CACHE_TILE;
    const int high = m.last < (t + 1) * CACHE_TILE ? m.last : (t + 1) * CACHE_TILE;
    const uint8_t *row = values->tiles[t] + (size_t)(low - t * CACHE_TILE) * bytes + column * element;
    if (high - low == CACHE_TILE) mix_values(format, queries, vectors, CACHE_TILE, row, bytes, m.weights + low, held);
    else mix_values(format, queries, vectors, high - low, row, bytes, m.weights + low, held);
  }
  VECTOR_UNROLL for (size_t q = 0; q < (size_t)queries; q++) {
    VECTOR_UNROLL for (size_t v = 0; v < (size_t)vectors; v++) store(m.sums + q * m.stride + out + 16 * v, held[q][v]);
  }
}

/// Adds `columns` (a multiple of 16) of the view to all sums.
VECTOR_INLINE void mix_columns(const uint32_t format, const int queries, attention_mixture m,
                               const attention_block_view *values, size_t columns) {
  const size_t bytes = cache_bytes(format, values->stored);
  size_t c = 0;
  for (; c + 16 * MIX_VECTORS <= columns; c += 16 * MIX_VECTORS) {
    mix_tile(format, queries, MIX_VECTORS, m, values, bytes, values->offset + c, c);
  }
  if (MIX_VECTORS > 2 && c + 32 <= columns) {
    mix_tile(format, queries, 2, m, values, bytes, values->offset + c, c);
    c += 32;
  }
  for (; c < columns; c += 16) mix_tile(format, queries, 1, m, values, bytes, values->offset + c, c);
}

static void mix_few(int queries, attention_mixture m, const attention_block_view *values, size_t columns) {
  const int isHalf = values->format == CACHE_F16;
  if (queries == MIX_QUERIES) {
    if (isHalf) mix_columns(CACHE_F16, MIX_QUERIES, m, values, columns);
    else mix_columns(CACHE_F32, MIX_QUERIES, m, values, columns);
    return;
  }
  for (int q = 0; q < queries; q++) {
    const attention_mixture one = {m.weights + q * 64, m.first, m.last, m.sums + (size_t)q * m.stride, m.stride};
    if (isHalf) mix_columns(CACHE_F16, 1, one, values, columns);
    else mix_columns(CACHE_F32, 1, one, values, columns);
  }
}

/// Weights of 64 positions times a block's scales as integers of 14 bits and a sign, and the size of one.
VECTOR_INLINE float round_weights(const float *weights, const f32x16 *scales, uint64_t visible, int32_t *out,
                                  int32_t *sum) {
  f32x16 scaled[4];
  i32x16 whole[4];
  VECTOR_UNROLL for (int t = 0; t < 4; t++) {
    scaled[t] = load(weights + 16 * t) * scales[t];
    if (visible != ~(uint64_t)0) {
      scaled[t] = choose(lane_mask((uint32_t)(visible >> (16 * t)) & 0xFFFF), scaled[t], fill(0));
    }
  }
  const float largest = largest_of(larger(larger(magnitude(scaled[0]), magnitude(scaled[1])),
                                          larger(magnitude(scaled[2]), magnitude(scaled[3]))));
  const float inverse = largest > 0x1p-100f ? 16383.0f / largest : 0;
  i32x16 total = (i32x16)0;
  VECTOR_UNROLL for (int t = 0; t < 4; t++) {
    // To the nearest integer: the last bits of a float of this size are whole.
    whole[t] = bits_of(scaled[t] * inverse + 0x1.8p23f) - 0x4B400000;
    total += whole[t];
  }
  store_weights(whole, out);
  if (sum) {
    int32_t lanes[16];
    memcpy(lanes, &total, 64);
    *sum = 0;
    for (int i = 0; i < 16; i++) *sum += lanes[i];
  }
  return largest / 16383.0f;
}

/// Rounded weights of a query and one block of columns.
typedef struct {
  int32_t words[32];
  float size;
  int32_t sum;
  float padding[14];
} attention_integer_weights;

/// Adds block `b` of values (32 columns, or the first 16) to `queries` rows of sums; the counts are constants.
VECTOR_INLINE void mix_integers(const uint32_t format, const int queries, const int vectors,
                                const attention_integer_weights *weights, const attention_block_view *values, size_t b,
                                int first, int last, float *sums, size_t stride) {
  const size_t blocks = cache_blocks(values->stored), size = cache_block_bytes(format) * 4;
  i32x16 high[MIX_QUERIES][2], low[MIX_QUERIES][2];
  VECTOR_UNROLL for (int q = 0; q < queries; q++) {
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) high[q][v] = low[q][v] = (i32x16)0;
  }
  for (int t = first; t < last; t++) {
    const uint8_t *bytes = values->tiles[t] + cache_scales_bytes(values->stored) + (values->offset / 32 + b) * size;
    for (int g = 0; g < 4; g++, bytes += blocks * size) {
      i32x16 value[2];
      memcpy(&value[0], bytes, 64);
      if (format == CACHE_Q4_0) {
        value[1] = (value[0] >> 4) & 0x0F0F0F0F;
        value[0] &= 0x0F0F0F0F;
      } else if (vectors > 1) {
        memcpy(&value[1], bytes + 64, 64);
      }
      VECTOR_UNROLL for (int q = 0; q < queries; q++) {
        VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
          add_values(format == CACHE_Q4_0, &high[q][v], &low[q][v], value[v], weights[q].words + 4 * t + g);
        }
      }
    }
  }
  VECTOR_UNROLL for (int q = 0; q < queries; q++) {
    VECTOR_UNROLL for (int v = 0; v < vectors; v++) {
      i32x16 whole = whole_sums(high[q][v], low[q][v]);
      if (format == CACHE_Q4_0) whole -= 8 * weights[q].sum;
      float *out = sums + (size_t)q * stride + 16 * v;
      store(out, multiply_add(__builtin_convertvector(whole, f32x16), fill(weights[q].size), load(out)));
    }
  }
}

VECTOR_INLINE void mix_integer_rows(const uint32_t format, const int vectors, size_t count,
                                    const attention_integer_weights *weights, const attention_block_view *values,
                                    size_t b, int first, int last, float *sums, size_t stride) {
  size_t q = 0;
  for (; q + MIX_QUERIES <= count; q += MIX_QUERIES) {
    mix_integers(format, MIX_QUERIES, vectors, weights + q, values, b, first, last, sums + q * stride, stride);
  }
  for (; q < count; q++) mix_integers(format, 1, vectors, weights + q, values, b, first, last, sums + q * stride, stride);
}

/// Adds `vectors` (1 or 2) vectors of block `b` to `count` rows of sums, from tiles first ..< last.
static void mix_integer_block(int vectors, size_t count, const attention_integer_weights *weights,
                              const attention_block_view *values, size_t b, int first, int last, float *sums,
                              size_t stride) {
  if (values->format == CACHE_Q8_0) {
    if (vectors > 1) mix_integer_rows(CACHE_Q8_0, 2, count, weights, values, b, first, last, sums, stride);
    else mix_integer_rows(CACHE_Q8_0, 1, count, weights, values, b, first, last, sums, stride);
  } else {
    if (vectors > 1) mix_integer_rows(CACHE_Q4_0, 2, count, weights, values, b, first, last, sums, stride);
    else mix_integer_rows(CACHE_Q4_0, 1, count, weights, values, b, first, last, sums, stride);
  }
}
