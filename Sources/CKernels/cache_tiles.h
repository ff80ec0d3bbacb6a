#pragma once

#include "rows_cache.h"

// Kept rows lie in tiles of 16 positions, 16 * cache_row_bytes long, each row in its place (lane) of its tile.
//
// Keys: column by column, the 16 positions side by side, so that one product serves 16 scores.
//   f32, f16  [column][16]
//   q8_0      scales [block][16], then [column / 4][16][4] bytes, each the integer + 128
//   q4_0      scales [block][16], then [block][4][16][4] bytes: byte j of group g holds columns 4g + j and 16 + 4g + j
// Values: row by row in float formats; block formats hold four positions side by side, so that one product sums them.
//   f32, f16  [16][column]
//   q8_0      scales [block][16], then [4][column][4] bytes: byte j of group g is position 4g + j
//   q4_0      scales [block][16], then [4][block][16][4] bytes: nibbles of columns i and i + 16 of position 4g + j

enum { CACHE_TILE = 16 };

VECTOR_INLINE int cache_is_blocks(uint32_t format) { return format == CACHE_Q8_0 || format == CACHE_Q4_0; }

VECTOR_INLINE size_t cache_blocks(size_t n) { return (n + 31) / 32; }

/// Bytes of a block's integers.
VECTOR_INLINE size_t cache_block_bytes(uint32_t format) { return format == CACHE_Q8_0 ? 32 : 16; }

/// Bytes before a tile's integers: one binary16 scale a block and position.
VECTOR_INLINE size_t cache_scales_bytes(size_t n) { return cache_blocks(n) * CACHE_TILE * 2; }

/// One stored block (scale and integers) into a tile of keys or values of `blocks` blocks.
static void place_block(uint32_t format, int isKeys, const uint8_t *block, size_t b, size_t blocks, size_t lane,
                        uint8_t *tile) {
  const size_t size = cache_block_bytes(format);
  uint8_t *integers = tile + blocks * CACHE_TILE * 2;
  memcpy(tile + (b * CACHE_TILE + lane) * 2, block, 2);
  if (isKeys) {
    const uint32_t bias = format == CACHE_Q8_0 ? 0x80808080u : 0;
    for (size_t g = 0; g < size / 4; g++) {
      uint32_t four;
      memcpy(&four, block + 2 + 4 * g, 4);
      four ^= bias;
      memcpy(integers + ((b * size / 4 + g) * CACHE_TILE + lane) * 4, &four, 4);
    }
    return;
  }
  uint8_t *out = integers + (lane / 4 * blocks + b) * size * 4 + lane % 4;
  for (size_t i = 0; i < size; i++) out[4 * i] = block[2 + i];
}

/// A row in its row format into its place among `rows` of keys or values.
static void VECTOR_NAME(row_cache_place)(uint32_t format, int isKeys, const void *source, size_t n, void *rows,
                                         size_t index) {
  const uint8_t *from = source;
  const size_t bytes = cache_bytes(format, n);
  const size_t lane = index % CACHE_TILE;
  uint8_t *tile = (uint8_t *)rows + (index - lane) * bytes;
  if (!cache_is_blocks(format)) {
    if (!isKeys) {
      memcpy(tile + lane * bytes, from, bytes);
    } else if (format == CACHE_F16) {
      for (size_t c = 0; c < n; c++) memcpy(tile + (c * CACHE_TILE + lane) * 2, from + 2 * c, 2);
    } else {
      for (size_t c = 0; c < n; c++) memcpy(tile + (c * CACHE_TILE + lane) * 4, from + 4 * c, 4);
    }
    return;
  }
  const size_t blocks = cache_blocks(n), size = 2 + cache_block_bytes(format);
  for (size_t b = 0; b < blocks; b++) place_block(format, isKeys, from + b * size, b, blocks, lane, tile);
}

/// Stores `n` floats as row `index` of keys or values.
static void VECTOR_NAME(row_cache_append)(uint32_t format, int isKeys, const float *x, size_t n, void *rows,
                                          size_t index) {
  const size_t bytes = cache_bytes(format, n);
  if (!isKeys && !cache_is_blocks(format)) {
    VECTOR_NAME(row_cache_store)(format, x, n, (uint8_t *)rows + index * bytes);
    return;
  }
  const size_t lane = index % CACHE_TILE;
  uint8_t *tile = (uint8_t *)rows + (index - lane) * bytes;
  const size_t blocks = cache_blocks(n);
  uint8_t piece[128];
  for (size_t b = 0; b < blocks; b++) {
    const size_t part = n - 32 * b < 32 ? n - 32 * b : 32;
    VECTOR_NAME(row_cache_store)(format, x + 32 * b, part, piece);
    if (cache_is_blocks(format)) {
      place_block(format, isKeys, piece, b, blocks, lane, tile);
    } else if (format == CACHE_F16) {
      for (size_t c = 0; c < part; c++) memcpy(tile + ((32 * b + c) * CACHE_TILE + lane) * 2, piece + 2 * c, 2);
    } else {
      for (size_t c = 0; c < part; c++) memcpy(tile + ((32 * b + c) * CACHE_TILE + lane) * 4, piece + 4 * c, 4);
    }
  }
}

VECTOR_INLINE f32x16 tile_scales(const uint8_t *tile, size_t block) { return load_halves(tile + block * CACHE_TILE * 2); }

/// Column `c` of a tile of keys in a float format.
VECTOR_INLINE f32x16 key_column(uint32_t format, const uint8_t *tile, size_t c) {
  if (format == CACHE_F16) return load_halves(tile + c * CACHE_TILE * 2);
  return load((const float *)(const void *)tile + c * CACHE_TILE);
}

/// The integers of a tile of keys in a block format as a tile of values.
static void turn_integers(uint32_t format, const uint8_t *keys, size_t stored, uint8_t *values) {
  typedef uint8_t u8x64 __attribute__((ext_vector_type(64)));
  const size_t words = cache_blocks(stored) * cache_block_bytes(format) / 4;
  const uint8_t bias = format == CACHE_Q8_0 ? 0x80 : 0;
  for (size_t g = 0; g < words; g++) {
    u8x64 v;
    memcpy(&v, keys + g * 64, 64);
#define FOUR(x) x, x + 4, x + 8, x + 12, x + 1, x + 5, x + 9, x + 13, x + 2, x + 6, x + 10, x + 14, x + 3, x + 7, x + 11, x + 15
    v = __builtin_shufflevector(v, v, FOUR(0), FOUR(16), FOUR(32), FOUR(48)) ^ bias;
#undef FOUR
    uint8_t bytes[64];
    memcpy(bytes, &v, 64);
    for (size_t group = 0; group < 4; group++) memcpy(values + (group * words + g) * 16, bytes + 16 * group, 16);
  }
}

/// Rows and columns of sixteen vectors exchanged.
VECTOR_INLINE void transpose_16(f32x16 *v) {
#define HALVES(a, b, x, y) \
  const f32x16 x##y = v[a]; \
  v[a] = __builtin_shufflevector(x##y, v[b], 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23); \
  v[b] = __builtin_shufflevector(x##y, v[b], 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  VECTOR_UNROLL for (int i = 0; i < 8; i++) { HALVES(i, i + 8, h, 8) }
#undef HALVES
  VECTOR_UNROLL for (int i = 0; i < 16; i++) {
    if (i & 4) continue;
    const f32x16 a = v[i], b = v[i + 4];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27);
    v[i + 4] = __builtin_shufflevector(a, b, 4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31);
  }
  VECTOR_UNROLL for (int i = 0; i < 16; i++) {
    if (i & 2) continue;
    const f32x16 a = v[i], b = v[i + 2];
    v[i] = __builtin_shufflevector(a, b, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29);
    v[i + 2] = __builtin_shufflevector(a, b, 2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31);
  }
  VECTOR_UNROLL for (int i = 0; i < 16; i += 2) {
    const f32x16 a = v[i], b = v[i + 1];
    v[i] = __builtin_shufflevector(a, b, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30);
    v[i + 1] = __builtin_shufflevector(a, b, 1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31);
  }
}
