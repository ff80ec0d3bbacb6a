#pragma once

// How a quantised panel lies in memory, shared by packing and kernels.
//
// A panel is a run of blocks of 16 rows x 32 columns: scales of the 16 rows, then their codes. Formats with super-blocks of 256
// columns put the super-block's own scales before each eight blocks. Vector i of a block's codes (i in 0..<8) is 64 bytes:
// byte 4r + j belongs to row r, column 4i + j. Vectors are stored as planes of bits:
//   nibbles   64-byte vector i (i < 4): low halves are vector i, high halves vector i + 4
//   pairs     64-byte vector i (i < 2): bits 2k..2k+1 are vector 4i + k
//   masks     eight 64-bit words: bit n of word i is the highest bit of byte n of vector i
//   bytes     eight 64-byte vectors
// Panels of bf16 hold pairs: 64 bytes for two columns of 16 rows, the even column in a lane's low half.

#include "blocks.h"
#include "matmul.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

typedef enum {
  codes_2,    // pairs
  codes_3,    // pairs, masks; offset 4
  codes_4,    // nibbles; offset 8
  codes_5,    // nibbles, masks; offset 16
  codes_6,    // nibbles, pairs; offset 32
  codes_8,    // bytes; offset 128
  codes_nl4,  // nibbles that index a table of bytes; offset 128
  codes_fp4,  // nibbles that are doubled e2m1 numbers through a table; offset 16
} codes_t;

typedef enum {
  scales_half,          // f16
  scales_half_minimum,  // f16, f16 added
  scales_exponent,      // power of two
  scales_super,         // super f16; signed byte
  scales_super_minimum, // super f16, f16; byte, byte subtracted
  scales_16,            // super f16; signed byte for each half of a block
  scales_16_minimum,    // super f16, f16; for each half of a block low nibble scale, high nibble minimum subtracted
} scales_t;

/// Every quantised format that has panels: X(name, GGUF id, codes, scales).
#define QUANTISED_FORMATS(X)                               \
  X(q4_0, BLOCK_Q4_0, codes_4, scales_half)                \
  X(q4_1, BLOCK_Q4_1, codes_4, scales_half_minimum)        \
  X(q5_0, BLOCK_Q5_0, codes_5, scales_half)                \
  X(q5_1, BLOCK_Q5_1, codes_5, scales_half_minimum)        \
  X(q8_0, BLOCK_Q8_0, codes_8, scales_half)                \
  X(q2_k, BLOCK_Q2_K, codes_2, scales_16_minimum)          \
  X(q3_k, BLOCK_Q3_K, codes_3, scales_16)                  \
  X(q4_k, BLOCK_Q4_K, codes_4, scales_super_minimum)       \
  X(q5_k, BLOCK_Q5_K, codes_5, scales_super_minimum)       \
  X(q6_k, BLOCK_Q6_K, codes_6, scales_16)                  \
  X(iq4_nl, BLOCK_IQ4_NL, codes_nl4, scales_half)          \
  X(iq4_xs, BLOCK_IQ4_XS, codes_nl4, scales_super)         \
  X(mxfp4, BLOCK_MXFP4, codes_fp4, scales_exponent)
enum { quantised_format_count = 13 };

/// Values of the sixteen codes of IQ4_NL and IQ4_XS, plus 128.
#define NL4_VALUES 1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241
/// Twice the values of the sixteen e2m1 codes, plus 16.
#define FP4_VALUES 16, 17, 18, 19, 20, 22, 24, 28, 16, 15, 14, 13, 12, 10, 8, 4

/// Bytes of a block's codes.
ALWAYS_INLINE size_t code_bytes(codes_t codes) {
  switch (codes) {
  case codes_2: return 128;
  case codes_3: return 128 + 64;
  case codes_4: case codes_nl4: case codes_fp4: return 256;
  case codes_5: return 256 + 64;
  case codes_6: return 256 + 128;
  case codes_8: return 512;
  }
}

/// What unsigned codes exceed signed values by.
ALWAYS_INLINE int code_offset(codes_t codes) {
  switch (codes) {
  case codes_2: return 0;
  case codes_3: return 4;
  case codes_4: return 8;
  case codes_5: case codes_fp4: return 16;
  case codes_6: return 32;
  case codes_8: case codes_nl4: return 128;
  }
}

ALWAYS_INLINE int is_super(scales_t scales) { return scales >= scales_super; }
ALWAYS_INLINE int has_minimum(scales_t scales) {
  return scales == scales_half_minimum || scales == scales_super_minimum || scales == scales_16_minimum;
}
/// Whether each half of a block has a scale of its own.
ALWAYS_INLINE int has_half_scales(scales_t scales) { return scales == scales_16 || scales == scales_16_minimum; }

/// Bytes before each eight blocks.
ALWAYS_INLINE size_t super_bytes(scales_t scales) { return is_super(scales) ? (has_minimum(scales) ? 64 : 32) : 0; }

/// Bytes of a block's scales, before its codes.
ALWAYS_INLINE size_t scale_bytes(scales_t scales) {
  switch (scales) {
  case scales_half: return 32;
  case scales_half_minimum: return 64;
  case scales_exponent: case scales_super: return 16;
  case scales_super_minimum: case scales_16: case scales_16_minimum: return 32;
  }
}

ALWAYS_INLINE size_t quantised_panel_bytes(codes_t codes, scales_t scales, size_t columns) {
  size_t blocks = columns / MATMUL_WIDTH;
  return blocks * (scale_bytes(scales) + code_bytes(codes)) + (is_super(scales) ? blocks / 8 * super_bytes(scales) : 0);
}
