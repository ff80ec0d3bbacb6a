// Products of float activations with panels of f32, f16 or bf16, for one instruction set.
// The including file defines NAME(x), TILE (tokens that fit the registers), PANELS, fused(a, b, c) and halves(p, result).
// A lane is an output row; each lane adds its columns in order, so tile shapes cannot change a result.

#include "blocks.h"
#include "matmul.h"

#pragma STDC FP_CONTRACT OFF

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef float lanes __attribute__((vector_size(64), aligned(4)));
typedef uint32_t lane_bits __attribute__((vector_size(64), aligned(4)));

/// `of_pairs`: bf16 panels with bf16 activations, two columns a step, where the including file defines pairs(w, x, sum).
typedef enum { of_f32, of_f16, of_bf16, of_pairs } element;

/// Columns and bytes of a step of a panel.
ALWAYS_INLINE size_t step_columns(element type) { return type >= of_bf16 ? 2 : 1; }
ALWAYS_INLINE size_t step_bytes(element type) { return type == of_f16 ? 32 : 64; }

/// The weights of a step: one column's, or an even and an odd column's.
ALWAYS_INLINE void load(const uint8_t *p, element type, lanes result[2]) {
  if (type == of_f16) {
    halves(p, result);
  } else if (type == of_bf16) {
    lane_bits both = *(const lane_bits *)p;
    result[0] = (lanes)(both << 16);
    result[1] = (lanes)(both & 0xffff0000);
  } else {
    *result = *(const lanes *)p;
  }
}

ALWAYS_INLINE void tile(const uint8_t *weights, size_t panel_bytes, size_t columns, const void *const *activations,
                        float *sums, const int panels, const int tokens, const element type) {
  const size_t width = step_columns(type), prefetched = 2048;
  lanes sum[TILE];
  const float *x[TILE];
#pragma clang loop unroll(full)
  for (int i = 0; i < panels * tokens; i++) sum[i] = (lanes){0};
#pragma clang loop unroll(full)
  for (int t = 0; t < tokens; t++) x[t] = activations[t];
  const size_t steps = type == of_pairs ? (columns + 1) / 2 : columns / width;
#pragma clang loop unroll_count(2)
  for (size_t c = 0; c < steps; c++, weights += step_bytes(type)) {
    for (int p = 0; p < panels; p++) {
      lanes w[2];
      load(weights + p * panel_bytes, type, w);
      __builtin_prefetch(weights + p * panel_bytes + prefetched, 0, 3);
#pragma clang loop unroll(full)
      for (int t = 0; t < tokens; t++) {
        lanes *s = &sum[p * tokens + t];
#if defined(pairs)
        *s = pairs(w[0], x[t][c], *s);
#else
        *s = fused(w[0], x[t][width * c], *s);
        if (type == of_bf16) *s = fused(w[1], x[t][width * c + 1], *s);
#endif
      }
    }
  }
  if (type == of_bf16 && columns % 2 != 0) {
    for (int p = 0; p < panels; p++) {
      lanes w[2];
      load(weights + p * panel_bytes, type, w);
#if !defined(pairs)
#pragma clang loop unroll(full)
      for (int t = 0; t < tokens; t++) sum[p * tokens + t] = fused(w[0], x[t][columns - 1], sum[p * tokens + t]);
#endif
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < panels * tokens; i++) *(lanes *)(sums + i * MATMUL_ROWS) = sum[i];
}

ALWAYS_INLINE void products(const uint8_t *weights, size_t panel_bytes, size_t panels, size_t columns,
                            const void *const *activations, size_t tokens, float *sums, const element type) {
  if (tokens == 1) {
    for (; panels >= PANELS; panels -= PANELS, weights += PANELS * panel_bytes, sums += PANELS * MATMUL_ROWS)
      tile(weights, panel_bytes, columns, activations, sums, PANELS, 1, type);
    for (; panels > 0; panels--, weights += panel_bytes, sums += MATMUL_ROWS)
      tile(weights, panel_bytes, columns, activations, sums, 1, 1, type);
    return;
  }
#define TOKENS(n)                                                              \
  for (; tokens >= n; tokens -= n, activations += n, sums += n * MATMUL_ROWS)  \
    tile(weights, panel_bytes, columns, activations, sums, 1, n, type);
#if TILE > 8
  TOKENS(16)
#endif
#if TILE > 4
  TOKENS(8)
#endif
#if TILE > 2
  TOKENS(4)
#endif
  TOKENS(2)
  TOKENS(1)
#undef TOKENS
}

#define PRODUCTS(type)                                                                                            \
  static void NAME(type)(const void *weights, size_t panel_bytes, size_t panels, size_t columns,                  \
                         const void *const *activations, size_t tokens, float *sums) {                            \
    products(weights, panel_bytes, panels, columns, activations, tokens, sums, of_##type);                        \
  }
#if defined(pairs)
PRODUCTS(pairs)
#else
PRODUCTS(f32)
PRODUCTS(f16)
PRODUCTS(bf16)
#define FLOAT_KERNELS(name, features)                                       \
  const matmul_kernel matmul_kernels__float_##name[3] = {                   \
      {TITLE(f32), BLOCK_F32, MATMUL_F32, features, TILE, NAME(f32)},       \
      {TITLE(f16), BLOCK_F16, MATMUL_F32, features, TILE, NAME(f16)},       \
      {TITLE(bf16), BLOCK_BF16, MATMUL_F32, features, TILE, NAME(bf16)},    \
  };
#endif
