#pragma once

#include <stddef.h>
#include <stdint.h>

/// Output rows of a panel (the lanes of a kernel), the most tokens of a tile, columns of a narrow and of a wide activation block, and
/// the most panels that advance together for one token.
enum { MATMUL_ROWS = 16, MATMUL_TOKENS = 16, MATMUL_WIDTH = 32, MATMUL_WIDE = 128, MATMUL_PANELS = 4 };

/// How a row of activations lies in memory.
typedef enum {
  MATMUL_F32,      // float32
  MATMUL_BF16,     // bfloat16, an even number of them
  MATMUL_Q8,       // matmul_q8_block
  MATMUL_Q8_WIDE,  // matmul_q8_wide
  MATMUL_LAYOUTS,
} matmul_activation;

/// Thirty-two activations as bytes: value = scale * values[i]. 52 bytes, so that rows of usual widths do not share cache sets.
typedef struct {
  float scale;
  float scaled_sum;         // scale * the sum of values
  int32_t negative8_sum;    // -8 * the sum of values
  int32_t negative16_sum;   // -16 * the sum of values
  int32_t negative128_sum;  // -128 * the sum of values
  int8_t values[MATMUL_WIDTH];
} matmul_q8_block;

/// A hundred and twenty-eight activations as bytes, for weights with super-blocks: value = scale * values[i]. 188 bytes.
typedef struct {
  float scale;
  int32_t negative32_sums[8];  // -32 * the sum of each 16 values
  int16_t sums_32[4];          // the sum of each 32 values
  int16_t sums_16[8];          // the sum of each 16 values
  int8_t values[MATMUL_WIDE];
} matmul_q8_wide;

/// sums[panel or token][16] = the products of whole panels with rows of activations.
/// `panels` is 1...4 where `tokens` is 1, otherwise 1; `tokens` is at most the kernel's; every sum runs over the columns in one order.
typedef void (*matmul_tile)(const void *weights, size_t panel_bytes, size_t panels, size_t columns,
                            const void *const *activations, size_t tokens, float *sums);

/// A kernel for panels of one format (a GGUF type id) and one layout of activations, and the processor features it needs.
typedef struct {
  const char *name;
  uint32_t format;
  matmul_activation activation;
  uint32_t features;
  uint32_t tokens;
  matmul_tile tile;
} matmul_kernel;

/// Kernel number `index` of this build, better ones of a format later; NULL past the last.
const matmul_kernel *matmul_kernel_at(size_t index);

/// Bytes of a panel of 16 rows; 0 where panels cannot hold the format.
size_t matmul_panel_bytes(uint32_t format, size_t columns);

/// Interleaves up to 16 rows of `source` as one panel; missing rows are zeros.
/// Panels hold either the source's own format or BLOCK_F32; `row_bytes`, `block_width`, `block_bytes` describe the source.
void matmul_pack_panel(uint32_t panel_format, uint32_t format, size_t block_width, size_t block_bytes,
                       const uint8_t *source, size_t row_bytes, size_t rows, size_t columns, uint8_t *panel);

/// What activations must be for panels of a quantised format.
matmul_activation matmul_activation_of(uint32_t format);

/// Writes a row of float32 activations in a layout; `columns` is a multiple of its block's. Bytes are values over largest / 127 of
/// their block, ties to even; a block with an infinity or NaN gets a scale that is not finite.
typedef void (*matmul_quantiser)(const float *source, size_t columns, void *destination);

/// The fastest for some processor features; all give the same bytes. NULL for MATMUL_F32.
matmul_quantiser matmul_quantiser_for(matmul_activation layout, uint32_t features);

/// Writes `count` (1...16) sums of each token at `outputs[token] + first`, after adding the bias and the old value if asked.
void matmul_store(const float *sums, size_t tokens, size_t count, const float *bias, int accumulate,
                  float *const *outputs, size_t first);
