#ifndef PREFETCH
#define PREFETCH 1
#define PREFETCH_LEVEL 2
#endif
#pragma once

#include "attention_layout.h"
#include "attention_softmax.h"
#include "attention_tiles.h"

// One block of 64 positions against a tile of query rows.

/// Queries up to which stored rows are converted again for each few of them instead of once into scratch.
#if VECTOR_REGISTERS >= 32
enum { DIRECT_QUERIES = 8 };
#else
enum { DIRECT_QUERIES = 4 };
#endif

/// Positions of a block [base, base + 64) that a row sees, as offsets first ..< last; empty where they meet.
typedef struct {
  int first;
  int last;
} visible_range;

VECTOR_INLINE visible_range visible_in(const attention_query *query, long base, long size) {
  long first = query->firstVisible - base, last = query->lastVisible - base + 1;
  if (first < 0) first = 0;
  if (last > size) last = size;
  if (last < first) first = last = 0;
  return (visible_range){(int)first, (int)last};
}

VECTOR_INLINE uint64_t range_mask(visible_range r) {
  if (r.last <= r.first) return 0;
  return (~(uint64_t)0 >> (64 - (r.last - r.first))) << r.first;
}

/// The stored tiles of the positions `seen` of a block; those with new rows are put together in scratch.
static attention_block_view stored_tiles(const attention_row *row, int isKeys, long base, visible_range seen,
                                         float *scratch) {
  const attention_memory *m = &row->memory;
  const size_t width = isKeys ? m->keyWidth : m->valueWidth;
  const size_t bytes = CACHE_TILE * cache_bytes(row->format, width);
  const uint8_t *rows = isKeys ? m->keys : m->values;
  const uint8_t *added = isKeys ? m->newKeys : m->newValues;
  const size_t stride = isKeys ? m->newKeyStride : m->newValueStride;
  attention_block_view view = {row->format, {rows, rows, rows, rows}, width, isKeys ? row->keyOffset : row->valueOffset};
  const size_t tiles = m->rows / CACHE_TILE;
  size_t kept = (size_t)base / CACHE_TILE + (size_t)seen.first / CACHE_TILE;
  if (kept >= tiles) kept %= tiles;
  for (int t = seen.first / CACHE_TILE; t * CACHE_TILE < seen.last; t++) {
    const long first = base + t * CACHE_TILE;
    view.tiles[t] = rows + kept * bytes;
    if (++kept == tiles) kept = 0;
    long end = base + seen.last;
    if (end > first + CACHE_TILE) end = first + CACHE_TILE;
    if (!added || end <= m->firstNew) continue;
    uint8_t *tile = (uint8_t *)scratch + (size_t)t * bytes;
    if (first < m->firstNew) memcpy(tile, view.tiles[t], bytes);
    for (long p = first > m->firstNew ? first : m->firstNew; p < end; p++) {
      VECTOR_NAME(row_cache_place)(row->format, isKeys || m->valuesAreKeys, added + (size_t)(p - m->firstNew) * stride, width, tile,
                                   (size_t)(p - first));
    }
    view.tiles[t] = tile;
  }
  return view;
}

/// Asks for the rows of a block that is read once, while another is worked on.
VECTOR_INLINE void ask_for(const attention_row *row, int isKeys, long base, long last) {
  const attention_memory *m = &row->memory;
  if (base > last || (m->newKeys && last >= m->firstNew)) return;
  const size_t bytes = CACHE_TILE * cache_bytes(row->format, isKeys ? m->keyWidth : m->valueWidth);
  const size_t kept = (size_t)base % m->rows / CACHE_TILE;
  const size_t wanted = ((size_t)(last - base < ATTENTION_BLOCK ? last - base + 1 : ATTENTION_BLOCK) + 15) / CACHE_TILE;
  const char *start = (const char *)(isKeys ? m->keys : m->values) + kept * bytes;
  const size_t tiles = m->rows / CACHE_TILE - kept < wanted ? m->rows / CACHE_TILE - kept : wanted;
  for (size_t i = 0; i < tiles * bytes; i += 64) __builtin_prefetch(start + i, 0, PREFETCH_LEVEL);
}

/// Keys of float formats as float32 tiles.
static attention_block_view expanded_keys(const attention_row *row, attention_block_view keys, visible_range seen,
                                          float *scratch) {
  const size_t width = row->keyWidth;
  attention_block_view view = {CACHE_F32, {NULL}, width, 0};
  for (int t = seen.first / CACHE_TILE; t * CACHE_TILE < seen.last; t++) {
    float *tile = scratch + (size_t)t * width * CACHE_TILE;
    for (size_t c = 0; c < width; c++) {
      store(tile + c * CACHE_TILE, load_halves(keys.tiles[t] + (keys.offset + c) * CACHE_TILE * 2));
    }
    view.tiles[t] = (const uint8_t *)tile;
  }
  return view;
}

/// Columns of a tile of keys in a float format as float32 rows of values.
static void turn_tile(uint32_t format, const uint8_t *tile, size_t offset, size_t width, float *out, size_t stride) {
  for (size_t c = 0; c < width; c += 16) {
    f32x16 columns[16];
    for (size_t i = 0; i < 16; i++) columns[i] = c + i < width ? key_column(format, tile, offset + c + i) : fill(0);
    transpose_16(columns);
    for (size_t i = 0; i < 16; i++) store(out + i * stride + c, columns[i]);
  }
}

/// Values of float formats as float32 rows.
static attention_block_view expanded_values(const attention_row *row, attention_block_view values, visible_range seen,
                                            const attention_workspace *w) {
  const size_t stride = w->valueWidth;
  attention_block_view view = {CACHE_F32, {NULL}, stride, 0};
  const size_t stored = cache_bytes(row->format, values.stored);
  for (int t = seen.first / CACHE_TILE; t * CACHE_TILE < seen.last; t++) {
    float *out = w->values + (size_t)t * CACHE_TILE * stride;
    view.tiles[t] = (const uint8_t *)out;
    if (row->memory.valuesAreKeys) {
      turn_tile(row->format, values.tiles[t], values.offset, row->valueWidth, out, stride);
      continue;
    }
    const int end = seen.last < (t + 1) * CACHE_TILE ? seen.last - t * CACHE_TILE : CACHE_TILE;
    const uint8_t *from = values.tiles[t] + cache_bytes(row->format, values.offset);
    for (size_t i = 0; i < (size_t)end; i++) {
      cache_expand(row->format, from + i * stored, row->valueWidth, out + i * stride);
    }
  }
  return view;
}

/// The tiles of values in a block format, turned in scratch where they are columns of the keys; scales come with the view.
static attention_block_view integer_values(const attention_row *row, attention_block_view stored, visible_range seen,
                                           const attention_workspace *w) {
  if (!row->memory.valuesAreKeys) return stored;
  attention_block_view view = stored;
  const size_t bytes = CACHE_TILE * cache_bytes(row->format, stored.stored), scales = cache_scales_bytes(stored.stored);
  for (int t = seen.first / CACHE_TILE; t * CACHE_TILE < seen.last; t++) {
    uint8_t *tile = (uint8_t *)w->turned + (size_t)t * bytes;
    memcpy(tile, stored.tiles[t], scales);
    turn_integers(row->format, stored.tiles[t] + scales, stored.stored, tile + scales);
    view.tiles[t] = tile;
  }
  return view;
}

/// Adds weighted values for all queries: a few together over the positions that all of them see.
static void mix_rows(const attention_query *rows, size_t count, attention_workspace *w, long base,
                     const attention_block_view *values) {
  const size_t queries = count * w->heads;
  for (size_t q = 0; q < queries; q += MIX_QUERIES) {
    const int some = queries - q < MIX_QUERIES ? (int)(queries - q) : MIX_QUERIES;
    visible_range common = {0, ATTENTION_BLOCK}, each[MIX_QUERIES];
    for (int i = 0; i < some; i++) {
      each[i] = visible_in(&rows[(q + (size_t)i) / w->heads], base, ATTENTION_BLOCK);
      if (each[i].first > common.first) common.first = each[i].first;
      if (each[i].last < common.last) common.last = each[i].last;
    }
    attention_mixture m = {w->scores + q * 64, common.first, common.last, w->span + q * w->record, w->record};
    if (common.first >= common.last) {
      for (int i = 0; i < some; i++) {
        const attention_mixture one = {m.weights + i * 64, each[i].first, each[i].last, m.sums + (size_t)i * m.stride,
                                       m.stride};
        if (one.first < one.last) mix_few(1, one, values, w->valueWidth);
      }
      continue;
    }
    for (int part = 0; part < 2; part++) {
      for (int i = 0; i < some; i++) {
        const attention_mixture one = {m.weights + i * 64, part ? common.last : each[i].first,
                                       part ? each[i].last : common.first, m.sums + (size_t)i * m.stride, m.stride};
        if (one.first < one.last) mix_few(1, one, values, w->valueWidth);
      }
      if (!part) mix_few(some, m, values, w->valueWidth);
    }
  }
}

/// Adds weighted values of a block format, whose sums are whole numbers.
static void mix_whole(const attention_query *rows, size_t count, attention_workspace *w, long base, visible_range seen,
                      const attention_block_view *values) {
  attention_integer_weights *weights = (attention_integer_weights *)(void *)w->weighted;
  const size_t queries = count * w->heads;
  const int first = seen.first / CACHE_TILE, last = (seen.last + CACHE_TILE - 1) / CACHE_TILE;
  for (size_t b = 0; b * 32 < w->valueWidth; b++) {
    f32x16 scales[4] = {fill(0), fill(0), fill(0), fill(0)};
    for (int t = first; t < last; t++) scales[t] = tile_scales(values->tiles[t], values->offset / 32 + b);
    for (size_t t = 0; t < count; t++) {
      const uint64_t visible = range_mask(visible_in(&rows[t], base, ATTENTION_BLOCK));
      for (size_t q = t * w->heads; q < (t + 1) * w->heads; q++) {
        weights[q].size = round_weights(w->scores + q * 64, scales, visible, weights[q].words,
                                        values->format == CACHE_Q4_0 ? &weights[q].sum : NULL);
      }
    }
    mix_integer_block(w->valueWidth - 32 * b < 32 ? 1 : 2, queries, weights, values, b, first, last,
                      w->span + 32 * b, w->record);
  }
}

/// Adds the block's values by the weights in `scores`.
static void mix_block(const attention_row *row, const attention_query *rows, size_t count, attention_workspace *w,
                      long base, visible_range seen) {
  const attention_block_view stored = stored_tiles(row, 0, base, seen, w->newValues);
  if (cache_is_blocks(row->format)) {
    const attention_block_view values = integer_values(row, stored, seen, w);
    mix_whole(rows, count, w, base, seen, &values);
    return;
  }
  const int isDirect = !row->memory.valuesAreKeys && row->valueWidth % 16 == 0 &&
                       (row->format == CACHE_F32 || count * w->heads <= DIRECT_QUERIES);
  const attention_block_view values = isDirect ? stored : expanded_values(row, stored, seen, w);
  mix_rows(rows, count, w, base, &values);
}

/// Adds one block to the tile's span results.
static void attend_block(const attention_row *row, const attention_query *rows, size_t count, attention_workspace *w,
                         long base) {
  visible_range seen = {ATTENTION_BLOCK, 0};
  for (size_t t = 0; t < count; t++) {
    const visible_range r = visible_in(&rows[t], base, ATTENTION_BLOCK);
    if (r.first == r.last) continue;
    seen.first = r.first < seen.first ? r.first : seen.first;
    seen.last = r.last > seen.last ? r.last : seen.last;
  }
  if (seen.first >= seen.last) return;
  const attention_block_view stored = stored_tiles(row, 1, base, seen, w->newKeys);
  const int isOnce = PREFETCH && count * w->heads <= DIRECT_QUERIES;
  if (isOnce && !row->memory.valuesAreKeys) ask_for(row, 0, base, base + seen.last - 1);
  const int expands = row->format == CACHE_F16 && count * w->heads > DIRECT_QUERIES;
  const attention_block_view keys = expands ? expanded_keys(row, stored, seen, w->keys) : stored;
  for (size_t t = 0; t < count;) {
    // Rows that look at the same tiles.
    const visible_range r = visible_in(&rows[t], base, ATTENTION_BLOCK);
    const int first = r.first / CACHE_TILE, last = (r.last + CACHE_TILE - 1) / CACHE_TILE;
    size_t end = t + 1;
    for (; end < count; end++) {
      const visible_range next = visible_in(&rows[end], base, ATTENTION_BLOCK);
      if (next.first / CACHE_TILE != first || (next.last + CACHE_TILE - 1) / CACHE_TILE != last) break;
    }
    if (r.first < r.last) {
      score_queries((end - t) * w->heads, w->queries + t * w->heads * w->queryStride, w->queryStride, row->keyWidth,
                    &keys, first, last, w->scores + t * w->heads * 64);
    }
    t = end;
  }
  for (size_t t = 0; t < count;) {
    // Rows that see the same positions.
    const uint64_t visible = range_mask(visible_in(&rows[t], base, ATTENTION_BLOCK));
    size_t end = t + 1;
    while (end < count && range_mask(visible_in(&rows[end], base, ATTENTION_BLOCK)) == visible) end++;
    if (visible) {
      weigh_block(row, (end - t) * w->heads, visible, w->scores + t * w->heads * 64, w->span + t * w->heads * w->record,
                  w->record, w->valueWidth);
    }
    t = end;
  }
  if (isOnce && seen.last == ATTENTION_BLOCK) {
    const long next = base + ATTENTION_BLOCK;
    ask_for(row, 1, next, rows[0].lastVisible < next + ATTENTION_BLOCK - 1 ? rows[0].lastVisible : next + ATTENTION_BLOCK - 1);
  }
  mix_block(row, rows, count, w, base, seen);
}
