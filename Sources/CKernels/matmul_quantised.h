// Tiles of byte activations and quantised panels, for one instruction set; included inside its target attribute.
// The including file defines LANES (rows of a vector), TILE (8 tokens), FUSED (0 or 1), NAME, TITLE, FEATURES and
//   half_lanes(p)                  f16 as floats
//   lookup(table, indices)         bytes of a table of 16
//   add_bits(v, p, value)          v, plus value where a row's bit at p is set
//   is_signed(codes)               whether dot() wants the codes' values, not the unsigned codes
//   dot(sums, v, first, last, values, together, codes)
//                                  adds vectors first..<last times the values of one or two tokens to their sums
//   dot_pairs(sum, pairs, words)   adds the products of two signed words
// A lane is an output row. Integer sums are exact; float operations come in one order, so that tile shapes cannot change a result.

#pragma STDC FP_CONTRACT OFF

enum { PARTS = MATMUL_ROWS / LANES, PREFETCH = 2048 };


ALWAYS_INLINE floats fused(floats a, floats b, floats c) {
#if FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// The word at `p` in every lane.
ALWAYS_INLINE ints spread(const void *p) {
  int32_t word;
  __builtin_memcpy(&word, p, 4);
  return (ints){0} + word;
}

typedef int8_t signed_bytes __attribute__((vector_size(LANES), aligned(1)));
typedef uint8_t unsigned_bytes __attribute__((vector_size(LANES), aligned(1)));

ALWAYS_INLINE floats signed_lanes(const uint8_t *p) { return __builtin_convertvector(*(const signed_bytes *)p, floats); }
ALWAYS_INLINE ints byte_words(const uint8_t *p) { return __builtin_convertvector(*(const unsigned_bytes *)p, ints); }
ALWAYS_INLINE floats float_lanes(ints x) { return __builtin_convertvector(x, floats); }

/// 2^(e - 128), exactly, also where that is subnormal.
ALWAYS_INLINE floats exponent_lanes(const uint8_t *p) {
  ints e = byte_words(p), subnormal = e < 2;
  return (floats)((((ints){0} + 0x00200000) << (e & 1) & subnormal) | ((e - 1) << 23 & ~subnormal));
}

/// Vectors first..<last (each half, or all) of one part's codes as unsigned bytes, less `offset`.
ALWAYS_INLINE void unpack(const uint8_t *p, codes_t codes, int part, int first, int last, int offset,
                          code_bytes_v v[8]) {
  static const uint8_t nl4[16] = {NL4_VALUES}, fp4[16] = {FP4_VALUES};
#define LOAD(i) (*(const code_bytes_v *)(p + 64 * (i) + 4 * LANES * part))
  for (int i = first; i < last; i++) {
    const int k = i % 4;
    if (codes == codes_8) v[i] = LOAD(i);
    else if (codes == codes_2 || codes == codes_3) v[i] = LOAD(i / 4) >> (uint8_t)(2 * k) & 3;
    else v[i] = i < 4 ? LOAD(k) & 15 : LOAD(k) >> 4;
  }
  p += codes == codes_2 || codes == codes_3 ? 128 : 256;
  for (int i = first; i < last; i++) {
    const int k = i % 4;
    if (codes == codes_3 || codes == codes_5) {
      v[i] = add_bits(v[i], p + 8 * i + LANES / 2 * part, codes == codes_3 ? 4 : 16);
    } else if (codes == codes_6) {
      v[i] |= (k < 2 ? LOAD(i / 4) << (uint8_t)(4 - 2 * k) : LOAD(i / 4) >> (uint8_t)(2 * k - 4)) & 0x30;
    } else if (codes == codes_nl4 || codes == codes_fp4) {
      v[i] = lookup(codes == codes_nl4 ? nl4 : fp4, v[i]);
    }
    v[i] -= (uint8_t)offset;
  }
#undef LOAD
}

/// Brings what comes `PREFETCH` bytes later: panels lie one after another.
ALWAYS_INLINE void prefetch(const uint8_t *w, size_t size) {
  for (size_t i = 0; i < size; i += 64) __builtin_prefetch(w + PREFETCH + i, 0, 3);
}

/// Blocks of 32 columns with scales of their own.
ALWAYS_INLINE void narrow_tile(const uint8_t *w, size_t columns, const void *const *activations, float *sums,
                               const int tokens, const codes_t codes, const scales_t scales) {
  const int all = has_minimum(scales) ? 0 : code_offset(codes), in_codes = is_signed(codes) ? all : 0;
  const int offset = all - in_codes;
  const size_t size = scale_bytes(scales) + code_bytes(codes);
  floats sum[TILE][PARTS];
  const matmul_q8_block *x[TILE];
  for (int t = 0; t < tokens; t++) {
    x[t] = activations[t];
    for (int part = 0; part < PARTS; part++) sum[t][part] = (floats){0};
  }
  for (size_t b = 0; b < columns / MATMUL_WIDTH; b++, w += size) {
    prefetch(w, size);
    for (int part = 0; part < PARTS; part++) {
      floats scale = scales == scales_exponent ? exponent_lanes(w + LANES * part) : half_lanes(w + 2 * LANES * part);
      floats minimum = scales == scales_half_minimum ? half_lanes(w + 32 + 2 * LANES * part) : (floats){0};
      code_bytes_v v[8];
      unpack(w + scale_bytes(scales), codes, part, 0, 8, in_codes, v);
#pragma clang loop unroll(full)
      for (int t = 0; t < tokens; t += 2) {
        const int together = t + 1 < tokens ? 2 : 1;
        ints total[2];
        const int8_t *values[2];
        for (int u = 0; u < together; u++) {
          const matmul_q8_block *block = x[t + u] + b;
          values[u] = block->values;
          if (offset == 0) total[u] = (ints){0};
          else if (offset == 8) total[u] = spread(&block->negative8_sum);
          else if (offset == 16) total[u] = spread(&block->negative16_sum);
          else total[u] = spread(&block->negative128_sum);
        }
        dot(total, v, 0, 8, values, together, codes);
        for (int u = 0; u < together; u++) {
          const matmul_q8_block *block = x[t + u] + b;
          floats *s = &sum[t + u][part];
          *s = fused(float_lanes(total[u]) * scale, (floats)spread(&block->scale), *s);
          if (scales == scales_half_minimum) *s = fused(minimum, (floats)spread(&block->scaled_sum), *s);
        }
      }
    }
  }
  for (int t = 0; t < tokens; t++)
    for (int part = 0; part < PARTS; part++)
      __builtin_memcpy(sums + t * MATMUL_ROWS + LANES * part, &sum[t][part], sizeof(floats));
}

/// Vectors first..<last of block `k`: their share of one or two tokens' 128 columns.
ALWAYS_INLINE void share_of_block(floats *share, const matmul_q8_wide *const *x, size_t b, int k, int first, int last,
                                  const code_bytes_v v[8], floats scale, int together, int offset, codes_t codes) {
  const int8_t *values[2];
  ints total[2];
  for (int u = 0; u < together; u++) {
    values[u] = x[u][b].values + MATMUL_WIDTH * k;
    total[u] = (ints){0};
    if (offset == 0) continue;
    total[u] = spread(&x[u][b].negative32_sums[2 * k + first / 4]);
    if (last - first == 8) total[u] += spread(&x[u][b].negative32_sums[2 * k + 1]);
    if (offset < 32) total[u] >>= __builtin_ctz(32 / (unsigned)offset);
    else total[u] <<= __builtin_ctz((unsigned)offset / 32);
  }
  dot(total, v, first, last, values, together, codes);
  for (int u = 0; u < together; u++) share[u * PARTS] = fused(float_lanes(total[u]), scale, share[u * PARTS]);
}

/// Blocks of 32 columns whose scales are whole multiples of a super-block's: shares of 128 columns, then the activations' scale.
ALWAYS_INLINE void wide_tile(const uint8_t *w, size_t columns, const void *const *activations, float *sums,
                             const int tokens, const codes_t codes, const scales_t scales) {
  const int all = has_minimum(scales) ? 0 : code_offset(codes), in_codes = is_signed(codes) ? all : 0;
  const int offset = all - in_codes;
  const size_t size = scale_bytes(scales) + code_bytes(codes);
  const uint8_t *super = w;
  const matmul_q8_wide *x[TILE];
  for (int t = 0; t < tokens; t++) x[t] = activations[t];
  for (int t = 0; t < tokens * MATMUL_ROWS; t++) sums[t] = 0;
  for (size_t b = 0; b < columns / MATMUL_WIDE; b++) {
    if (b % 2 == 0) {
      super = w;
      w += super_bytes(scales);
    }
    floats share[TILE][PARTS];
    for (int t = 0; t < tokens; t++)
      for (int part = 0; part < PARTS; part++) share[t][part] = (floats){0};
    for (int k = 0; k < 4; k++) {
      const uint8_t *block = w + size * (size_t)k;
      prefetch(block, size);
      for (int part = 0; part < PARTS; part++) {
        const uint8_t *rows = block + LANES * part;
        const floats super_scale = half_lanes(super + 2 * LANES * part);
        const int halves = has_half_scales(scales) ? 2 : 1;
#pragma clang loop unroll(full)
        for (int h = 0; h < halves; h++) {
          const uint8_t *bytes = rows + 16 * h;
          floats scale;
          if (scales == scales_super_minimum) scale = float_lanes(byte_words(bytes)) * super_scale;
          else if (scales == scales_16_minimum) scale = float_lanes(byte_words(bytes) & 15) * super_scale;
          else scale = signed_lanes(bytes) * super_scale;
          const int first = 4 * h, last = first + 8 / halves;
          code_bytes_v v[8];
          unpack(block + scale_bytes(scales), codes, part, first, last, in_codes, v);
#pragma clang loop unroll(full)
          for (int t = 0; t < tokens; t += 2)
            share_of_block(&share[t][part], x + t, b, k, first, last, v, scale, t + 1 < tokens ? 2 : 1, offset, codes);
        }
      }
    }
    for (int part = 0; part < PARTS; part++) {
      ints pairs[4];
      floats super_minimum = (floats){0};
      const uint8_t *rows = w + LANES * part;
      const int pair_count = scales == scales_super_minimum ? 2 : scales == scales_16_minimum ? 4 : 0;
      if (pair_count > 0) super_minimum = half_lanes(super + 32 + 2 * LANES * part);
      for (int n = 0; n < pair_count; n++) {
        if (pair_count == 2) {
          const uint8_t *minimums = rows + size * (size_t)(2 * n) + 16;
          pairs[n] = byte_words(minimums) | byte_words(minimums + size) << 16;
        } else {
          const uint8_t *both = rows + size * (size_t)n;
          pairs[n] = byte_words(both) >> 4 | byte_words(both + 16) >> 4 << 16;
        }
      }
#pragma clang loop unroll(full)
      for (int t = 0; t < tokens; t++) {
        float *target = sums + t * MATMUL_ROWS + LANES * part;
        floats all = share[t][part], sum;
        if (pair_count > 0) {
          const int16_t *words = pair_count == 2 ? x[t][b].sums_32 : x[t][b].sums_16;
          ints subtracted = (ints){0};
          for (int n = 0; n < pair_count; n++) subtracted = dot_pairs(subtracted, pairs[n], words + 2 * n);
          all = fused(float_lanes(subtracted), -super_minimum, all);
        }
        __builtin_memcpy(&sum, target, sizeof sum);
        sum = fused(all, (floats)spread(&x[t][b].scale), sum);
        __builtin_memcpy(target, &sum, sizeof sum);
      }
    }
    w += 4 * size;
  }
}

ALWAYS_INLINE void tile(const uint8_t *w, size_t columns, const void *const *activations, float *sums, const int tokens,
                        const codes_t codes, const scales_t scales) {
  if (is_super(scales)) wide_tile(w, columns, activations, sums, tokens, codes, scales);
  else narrow_tile(w, columns, activations, sums, tokens, codes, scales);
}

ALWAYS_INLINE void products(const uint8_t *weights, size_t panel_bytes, size_t panels, size_t columns,
                            const void *const *activations, size_t tokens, float *sums, const codes_t codes,
                            const scales_t scales) {
  if (tokens == 1) {
    for (; panels > 0; panels--, weights += panel_bytes, sums += MATMUL_ROWS)
      tile(weights, columns, activations, sums, 1, codes, scales);
    return;
  }
#define TOKENS(n) \
  if (tokens == n) tile(weights, columns, activations, sums, n, codes, scales);
  TOKENS(2) TOKENS(3) TOKENS(4) TOKENS(5) TOKENS(6) TOKENS(7) TOKENS(8)
#undef TOKENS
}

#define KERNEL(name, format, codes, scales)                                                              \
  static void NAME(name)(const void *weights, size_t panel_bytes, size_t panels, size_t columns,          \
                         const void *const *activations, size_t tokens, float *sums) {                    \
    products(weights, panel_bytes, panels, columns, activations, tokens, sums, codes, scales);            \
  }
QUANTISED_FORMATS(KERNEL)
#undef KERNEL

#define ENTRY(name, format, codes, scales) \
  {TITLE(name), format, scales >= scales_super ? MATMUL_Q8_WIDE : MATMUL_Q8, FEATURES, TILE, NAME(name)},
