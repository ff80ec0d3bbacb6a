#pragma once

#include "cache_tiles.h"

// Integer products of keys in block formats with queries of 8 bits: exact, so in any order.

#if VECTOR_INT8 == VECTOR_INT8_VNNI || VECTOR_INT8 == VECTOR_INT8_DOT
enum { QUERY_WORDS = 1 };
#else
enum { QUERY_WORDS = 2 };
#endif

#if VECTOR_INT8 == VECTOR_INT8_DOT
enum { KEY_BIAS_Q8 = 0 };
#else
enum { KEY_BIAS_Q8 = 128 };
#endif

/// Sums of two products of 16 bits in each lane: pairs by one pair.
VECTOR_INLINE i32x16 multiply_pairs(i32x16 sums, i32x16 pairs, int32_t by) {
#if defined(__x86_64__) && VECTOR_REGISTERS >= 32
  __m512i a;
  memcpy(&a, &pairs, 64);
  a = _mm512_madd_epi16(a, _mm512_set1_epi32(by));
  memcpy(&pairs, &a, 64);
  return sums + pairs;
#elif defined(__x86_64__) && VECTOR_FMA
  __m256i a[2];
  memcpy(a, &pairs, 64);
  VECTOR_UNROLL for (int i = 0; i < 2; i++) a[i] = _mm256_madd_epi16(a[i], _mm256_set1_epi32(by));
  memcpy(&pairs, a, 64);
  return sums + pairs;
#elif defined(__x86_64__)
  __m128i a[4];
  memcpy(a, &pairs, 64);
  VECTOR_UNROLL for (int i = 0; i < 4; i++) a[i] = _mm_madd_epi16(a[i], _mm_set1_epi32(by));
  memcpy(&pairs, a, 64);
  return sums + pairs;
#else
  return sums + ((pairs << 16) >> 16) * (i32x16)(int32_t)(int16_t)(by & 0xFFFF) + (pairs >> 16) * (i32x16)(by >> 16);
#endif
}

/// Sums of four products in each lane: unsigned bytes of a tile's keys by four of a query's integers.
VECTOR_INLINE i32x16 add_products(i32x16 sums, u32x16 keys, const int32_t *query, const uint32_t format) {
#if VECTOR_INT8 == VECTOR_INT8_VNNI
  __m512i a, b;
  memcpy(&a, &sums, 64);
  memcpy(&b, &keys, 64);
  a = _mm512_dpbusd_epi32(a, b, _mm512_set1_epi32(query[0]));
  memcpy(&sums, &a, 64);
  return sums;
#elif VECTOR_INT8 == VECTOR_INT8_DOT
  const int8x16_t four = vreinterpretq_s8_s32(vdupq_n_s32(query[0]));
  const u32x16 bytes = format == CACHE_Q8_0 ? keys ^ 0x80808080u : keys;
  int8x16_t key[4];
  int32x4_t sum[4];
  memcpy(key, &bytes, 64);
  memcpy(sum, &sums, 64);
  VECTOR_UNROLL for (int i = 0; i < 4; i++) sum[i] = vdotq_s32(sum[i], key[i], four);
  memcpy(&sums, sum, 64);
  return sums;
#else
  // Words of a query: columns 0 and 2, then 1 and 3, as pairs of 16 bits.
  const u32x16 even = keys & 0x00FF00FFu, odd = (keys >> 8) & 0x00FF00FFu;
  i32x16 a, b;
  memcpy(&a, &even, 64);
  memcpy(&b, &odd, 64);
  return multiply_pairs(multiply_pairs(sums, a, query[0]), b, query[1]);
#endif
}

/// The same of a tile's values by the weights of four positions, each of 14 bits: the upper and the lower seven bits apart
/// where bytes are multiplied. Values are signed and weights positive, or values positive and weights signed.
VECTOR_INLINE void add_values(const int isPositive, i32x16 *high, i32x16 *low, i32x16 values, const int32_t *weights) {
#if VECTOR_INT8 == VECTOR_INT8_VNNI
  __m512i h, l, v;
  memcpy(&h, high, 64);
  memcpy(&l, low, 64);
  memcpy(&v, &values, 64);
  const __m512i a = _mm512_set1_epi32(weights[0]), b = _mm512_set1_epi32(weights[16]);
  h = isPositive ? _mm512_dpbusd_epi32(h, v, a) : _mm512_dpbusd_epi32(h, a, v);
  l = isPositive ? _mm512_dpbusd_epi32(l, v, b) : _mm512_dpbusd_epi32(l, b, v);
  memcpy(high, &h, 64);
  memcpy(low, &l, 64);
#elif VECTOR_INT8 == VECTOR_INT8_DOT
  const int8x16_t a = vreinterpretq_s8_s32(vdupq_n_s32(weights[0])), b = vreinterpretq_s8_s32(vdupq_n_s32(weights[16]));
  int8x16_t value[4];
  int32x4_t h[4], l[4];
  memcpy(value, &values, 64);
  memcpy(h, high, 64);
  memcpy(l, low, 64);
  VECTOR_UNROLL for (int i = 0; i < 4; i++) {
    h[i] = vdotq_s32(h[i], value[i], a);
    l[i] = vdotq_s32(l[i], value[i], b);
  }
  memcpy(high, h, 64);
  memcpy(low, l, 64);
#else
  // Words of weights: positions 0 and 2, then 1 and 3, as pairs of 16 bits.
  typedef int16_t i16x32 __attribute__((ext_vector_type(32)));
  i16x32 pairs;
  memcpy(&pairs, &values, 64);
  const i16x32 even = (pairs << 8) >> 8, odd = pairs >> 8;
  i32x16 a, b;
  memcpy(&a, &even, 64);
  memcpy(&b, &odd, 64);
  *low = multiply_pairs(multiply_pairs(*low, a, weights[0]), b, weights[16]);
  (void)high;
#endif
}

/// Sums of 64 weights times values, whole.
VECTOR_INLINE i32x16 whole_sums(i32x16 high, i32x16 low) { return QUERY_WORDS == 1 ? (high << 7) + low : low; }

/// Writes 64 weights of 14 bits as add_values reads them: a word for each four positions, then 16 more words.
VECTOR_INLINE void store_weights(const i32x16 *whole, int32_t *out) {
  for (int t = 0; t < 4; t++) {
#if VECTOR_INT8 == VECTOR_INT8_MADD
    typedef int16_t i16x16 __attribute__((ext_vector_type(16)));
    const i16x16 v = __builtin_convertvector(whole[t], i16x16);
    const i16x16 apart = __builtin_shufflevector(v, v, 0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15);
    memcpy(out + 4 * t, &apart, 16);
    memcpy(out + 16 + 4 * t, (const char *)&apart + 16, 16);
#else
    const i8x16 high = __builtin_convertvector(whole[t] >> 7, i8x16);
    const u8x16 low = __builtin_convertvector(whole[t] & 127, u8x16);
    memcpy(out + 4 * t, &high, 16);
    memcpy(out + 16 + 4 * t, &low, 16);
#endif
  }
}

/// A query's integers: words, then a scale and a correction (what the keys' bias adds) for each block.
typedef struct {
  const int32_t *words;
  const float *scales;
  const int32_t *corrections;
} integer_query;

VECTOR_INLINE integer_query integer_query_at(const float *row, size_t width) {
  const size_t blocks = cache_blocks(width);
  const int32_t *words = (const int32_t *)(const void *)row;
  const int32_t *rest = words + blocks * 8 * QUERY_WORDS;
  return (integer_query){words, (const float *)(const void *)rest, rest + blocks};
}

/// Rounds a query to 8 bits in blocks of 32, the last of which may be partial.
static void round_query(uint32_t format, const float *x, size_t width, float *row) {
  const size_t blocks = cache_blocks(width);
  int32_t *words = (int32_t *)(void *)row;
  float *scales = (float *)(void *)(words + blocks * 8 * QUERY_WORDS);
  int32_t *corrections = words + blocks * 8 * QUERY_WORDS + blocks;
  const int32_t bias = format == CACHE_Q8_0 ? KEY_BIAS_Q8 : 8;
  for (size_t b = 0; b < blocks; b++) {
    const f32x16 low = read_padded(x, 32 * b, width), high = read_padded(x, 32 * b + 16, width);
    const float largest = largest_of(larger(magnitude(low), magnitude(high)));
    const float inverse = largest > 0x1p-100f ? 127.0f / largest : 0;
    scales[b] = largest / 127.0f;
    const i32x16 a = rounded_away(low * inverse), c = rounded_away(high * inverse);
    int32_t lanes[32], sum = 0;
    memcpy(lanes, &a, 64);
    memcpy(lanes + 16, &c, 64);
    for (size_t i = 0; i < 32; i++) sum += lanes[i];
    corrections[b] = -bias * sum;
    for (size_t g = 0; g < 8; g++) {
      int32_t *out = words + (b * 8 + g) * QUERY_WORDS;
      const int32_t *four = lanes + 4 * g;
      if (QUERY_WORDS == 1) {
        out[0] = (int32_t)((uint32_t)(four[0] & 255) | (uint32_t)(four[1] & 255) << 8 |
                           (uint32_t)(four[2] & 255) << 16 | (uint32_t)(four[3] & 255) << 24);
      } else {
        out[0] = (int32_t)((uint32_t)(four[0] & 0xFFFF) | (uint32_t)(four[2] & 0xFFFF) << 16);
        out[QUERY_WORDS - 1] = (int32_t)((uint32_t)(four[1] & 0xFFFF) | (uint32_t)(four[3] & 0xFFFF) << 16);
      }
    }
  }
}

/// Integer products of `queries` with a block of `tiles` tiles.
VECTOR_INLINE void add_block(const uint32_t format, const int queries, const int tiles, const integer_query *query,
                             size_t b, const uint8_t *const *integers, i32x16 (*sums)[SCORE_TILES]) {
  const size_t words = b * 8 * QUERY_WORDS;
  if (format == CACHE_Q8_0) {
    for (size_t g = 0; g < 8; g++) {
      VECTOR_UNROLL for (int t = 0; t < tiles; t++) {
        u32x16 keys;
        memcpy(&keys, integers[t] + g * 64, 64);
        VECTOR_UNROLL for (int q = 0; q < queries; q++) {
          sums[q][t] = add_products(sums[q][t], keys, query[q].words + words + g * QUERY_WORDS, format);
        }
      }
    }
    return;
  }
  for (size_t g = 0; g < 4; g++) {
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) {
      u32x16 both;
      memcpy(&both, integers[t] + g * 64, 64);
      const u32x16 low = both & 0x0F0F0F0Fu, high = (both >> 4) & 0x0F0F0F0Fu;
      VECTOR_UNROLL for (int q = 0; q < queries; q++) {
        const int32_t *w = query[q].words + words + g * QUERY_WORDS;
        sums[q][t] = add_products(sums[q][t], low, w, format);
        sums[q][t] = add_products(sums[q][t], high, w + 4 * QUERY_WORDS, format);
      }
    }
  }
}

/// Scores of `queries` rows against `tiles` tiles whose first block is `block`; the counts are constants.
VECTOR_INLINE void score_integers(const uint32_t format, const int queries, const int tiles, const float *rows,
                                  size_t stride, size_t width, const uint8_t *const *tile, size_t stored, size_t block,
                                  float *scores) {
  integer_query query[SCORE_QUERIES];
  f32x16 totals[SCORE_QUERIES][SCORE_TILES];
  VECTOR_UNROLL for (int q = 0; q < queries; q++) {
    query[q] = integer_query_at(rows + (size_t)q * stride, width);
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) totals[q][t] = fill(0);
  }
  const size_t scales = cache_scales_bytes(stored), size = cache_block_bytes(format) * CACHE_TILE;
  for (size_t b = 0; b < cache_blocks(width); b++) {
    i32x16 sums[SCORE_QUERIES][SCORE_TILES];
    const uint8_t *integers[SCORE_TILES];
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) integers[t] = tile[t] + scales + (block + b) * size;
    VECTOR_UNROLL for (int q = 0; q < queries; q++) {
      VECTOR_UNROLL for (int t = 0; t < tiles; t++) sums[q][t] = (i32x16)query[q].corrections[b];
    }
    add_block(format, queries, tiles, query, b, integers, sums);
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) {
      const f32x16 keyScale = tile_scales(tile[t], block + b);
      VECTOR_UNROLL for (int q = 0; q < queries; q++) {
        const f32x16 whole = __builtin_convertvector(sums[q][t], f32x16);
        totals[q][t] = multiply_add(whole, keyScale * query[q].scales[b], totals[q][t]);
      }
    }
  }
  VECTOR_UNROLL for (int q = 0; q < queries; q++) {
    VECTOR_UNROLL for (int t = 0; t < tiles; t++) store(scores + q * 64 + 16 * t, totals[q][t]);
  }
}
