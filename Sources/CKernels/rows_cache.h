#pragma once

#include "rows_vector.h"

// Cache rows in GGUF's layouts: f32, f16, and blocks of 32 with an f16 scale (q8_0: 34 bytes; q4_0: 18 bytes, element i
// and i + 16 in the low and high nibble of byte i).

enum { CACHE_F32 = 0, CACHE_F16 = 1, CACHE_Q4_0 = 2, CACHE_Q8_0 = 8 };

/// Bytes of a row; see cache_row_bytes.
VECTOR_INLINE size_t cache_bytes(uint32_t format, size_t n) {
  switch (format) {
    case CACHE_F32: return n * 4;
    case CACHE_F16: return n * 2;
    case CACHE_Q4_0: return (n + 31) / 32 * 18;
    case CACHE_Q8_0: return (n + 31) / 32 * 34;
    default: return 0;
  }
}

VECTOR_INLINE f32x16 load_halves(const uint8_t *p) {
  u16x16 halves;
  memcpy(&halves, p, sizeof halves);
  return floats_of_halves(halves);
}

VECTOR_INLINE float load_scale(const uint8_t *p) {
  uint16_t half;
  memcpy(&half, p, sizeof half);
  return float_of_one_half(half);
}

VECTOR_INLINE void load_q8_block(const uint8_t *block, f32x16 *low, f32x16 *high) {
  const float scale = load_scale(block);
  i8x16 a, b;
  memcpy(&a, block + 2, sizeof a);
  memcpy(&b, block + 18, sizeof b);
  *low = __builtin_convertvector(__builtin_convertvector(a, i32x16), f32x16) * scale;
  *high = __builtin_convertvector(__builtin_convertvector(b, i32x16), f32x16) * scale;
}

VECTOR_INLINE void load_q4_block(const uint8_t *block, f32x16 *low, f32x16 *high) {
  const float scale = load_scale(block);
  u8x16 bytes;
  memcpy(&bytes, block + 2, sizeof bytes);
  const i32x16 pairs = __builtin_convertvector(bytes, i32x16);
  *low = __builtin_convertvector((pairs & 15) - 8, f32x16) * scale;
  *high = __builtin_convertvector((pairs >> 4) - 8, f32x16) * scale;
}

/// Elements i ..< i + 16 of a row of `n`, zeros past its end.
VECTOR_INLINE f32x16 cache_vector(uint32_t format, const uint8_t *source, size_t i, size_t n) {
  const size_t part = n - i < 16 ? n - i : 0;
  f32x16 low = fill(0), high = fill(0);
  switch (format) {
    case CACHE_F32: {
      float lanes[16];
      if (!part) return load((const float *)(const void *)source + i);
      memset(lanes, 0, sizeof lanes);
      memcpy(lanes, source + 4 * i, 4 * part);
      return load(lanes);
    }
    case CACHE_F16: {
      uint8_t halves[32];
      if (!part) return load_halves(source + 2 * i);
      memset(halves, 0, sizeof halves);
      memcpy(halves, source + 2 * i, 2 * part);
      return load_halves(halves);
    }
    case CACHE_Q8_0: load_q8_block(source + i / 32 * 34, &low, &high); break;
    case CACHE_Q4_0: load_q4_block(source + i / 32 * 18, &low, &high); break;
    default: break;
  }
  const i32x16 lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const f32x16 v = i % 32 ? high : low;
  return part ? choose(lane < (int32_t)part, v, fill(0)) : v;
}

/// Writes a row's values and zeros up to the next multiple of 16.
VECTOR_INLINE void cache_expand(uint32_t format, const uint8_t *source, size_t n, float *out) {
  size_t i = 0;
  if (format == CACHE_Q8_0 || format == CACHE_Q4_0) {
    for (; i + 32 <= n; i += 32) {
      f32x16 low, high;
      if (format == CACHE_Q8_0) load_q8_block(source + i / 32 * 34, &low, &high);
      else load_q4_block(source + i / 32 * 18, &low, &high);
      store(out + i, low);
      store(out + i + 16, high);
    }
  }
  for (; i < n; i += 16) store(out + i, cache_vector(format, source, i, n));
}

static void VECTOR_NAME(row_cache_load)(uint32_t format, const void *source, size_t n, float *out) {
  for (size_t i = 0; i < n; i += 16) {
    const f32x16 v = cache_vector(format, source, i, n);
    if (n - i < 16) store_part(out + i, v, n - i);
    else store(out + i, v);
  }
}

VECTOR_INLINE f32x16 read_padded(const float *x, size_t i, size_t n) {
  if (i >= n) return fill(0);
  return n - i < 16 ? load_part(x + i, n - i, 0) : load(x + i);
}

/// To the nearest integer, ties away from zero; |v| < 2^30.
VECTOR_INLINE i32x16 rounded_away(f32x16 v) {
  const i32x16 whole = __builtin_convertvector(v, i32x16);
  const f32x16 rest = v - __builtin_convertvector(whole, f32x16);
  return whole - (rest >= 0.5f) + (rest <= -0.5f);
}

static void store_q8_block(f32x16 low, f32x16 high, uint8_t *block) {
  const float largest = largest_of(larger(magnitude(low), magnitude(high)));
  const float scale = largest / 127.0f;
  const float inverse = scale != 0 ? 1.0f / scale : 0;
  const uint16_t half = half_of_one_float(scale);
  const i8x16 a = __builtin_convertvector(rounded_away(low * inverse), i8x16);
  const i8x16 b = __builtin_convertvector(rounded_away(high * inverse), i8x16);
  memcpy(block, &half, 2);
  memcpy(block + 2, &a, 16);
  memcpy(block + 18, &b, 16);
}

/// The scale takes the value of largest magnitude (the first of equals) to -8.
static void store_q4_block(f32x16 low, f32x16 high, uint8_t *block) {
  float lanes[32];
  store(lanes, low);
  store(lanes + 16, high);
  float extreme = 0, largest = 0;
  for (int i = 0; i < 32; i++) {
    const float size = lanes[i] < 0 ? -lanes[i] : lanes[i];
    if (size > largest) {
      largest = size;
      extreme = lanes[i];
    }
  }
  const float scale = extreme / -8.0f;
  const float inverse = scale != 0 ? 1.0f / scale : 0;
  const uint16_t half = half_of_one_float(scale);
  const i32x16 a = __builtin_convertvector(smaller(low * inverse + 8.5f, fill(15)), i32x16);
  const i32x16 b = __builtin_convertvector(smaller(high * inverse + 8.5f, fill(15)), i32x16);
  const u8x16 bytes = __builtin_convertvector(a | (b << 4), u8x16);
  memcpy(block, &half, 2);
  memcpy(block + 2, &bytes, 16);
}

static void VECTOR_NAME(row_cache_store)(uint32_t format, const float *x, size_t n, void *destination) {
  uint8_t *out = destination;
  switch (format) {
    case CACHE_F32: memcpy(out, x, n * sizeof(float)); return;
    case CACHE_F16:
      for (size_t i = 0; i < n; i += 16) {
        const u16x16 halves = halves_of_floats(read_padded(x, i, n));
        memcpy(out + 2 * i, &halves, n - i < 16 ? 2 * (n - i) : 32);
      }
      return;
    case CACHE_Q8_0:
      for (size_t i = 0; i < n; i += 32) {
        store_q8_block(read_padded(x, i, n), read_padded(x, i + 16, n), out + i / 32 * 34);
      }
      return;
    case CACHE_Q4_0:
      for (size_t i = 0; i < n; i += 32) {
        store_q4_block(read_padded(x, i, n), read_padded(x, i + 16, n), out + i / 32 * 18);
      }
      return;
    default: return;
  }
}
