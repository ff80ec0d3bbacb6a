// Interleaving of float rows into panels, and the choice between the packings.

#include "matmul_pack.h"

typedef float four __attribute__((vector_size(16), aligned(1)));
typedef uint16_t eight __attribute__((vector_size(16), aligned(1)));

/// panel[column][16] = rows; whole groups of four columns by 4 x 4 transposes.
static void interleave_words(const uint8_t *const *rows, size_t columns, uint8_t *panel) {
  size_t c = 0;
  for (; c + 4 <= columns; c += 4) {
    for (size_t r = 0; r < MATMUL_ROWS; r += 4) {
      four a = *(const four *)(rows[r] + 4 * c), b = *(const four *)(rows[r + 1] + 4 * c);
      four d = *(const four *)(rows[r + 2] + 4 * c), e = *(const four *)(rows[r + 3] + 4 * c);
      four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
      four de = __builtin_shufflevector(d, e, 0, 4, 1, 5), de2 = __builtin_shufflevector(d, e, 2, 6, 3, 7);
      uint8_t *target = panel + 64 * c + 4 * r;
      *(four *)target = __builtin_shufflevector(ab, de, 0, 1, 4, 5);
      *(four *)(target + 64) = __builtin_shufflevector(ab, de, 2, 3, 6, 7);
      *(four *)(target + 128) = __builtin_shufflevector(ab2, de2, 0, 1, 4, 5);
      *(four *)(target + 192) = __builtin_shufflevector(ab2, de2, 2, 3, 6, 7);
    }
  }
  for (; c < columns; c++)
    for (size_t r = 0; r < MATMUL_ROWS; r++) __builtin_memcpy(panel + 64 * c + 4 * r, rows[r] + 4 * c, 4);
}

static void interleave_halves(const uint8_t *const *rows, size_t columns, uint8_t *panel) {
  size_t c = 0;
  for (; c + 8 <= columns; c += 8) {
    for (size_t r = 0; r < MATMUL_ROWS; r += 8) {
      eight a[8], b[8];
      for (int i = 0; i < 8; i++) a[i] = *(const eight *)(rows[r + (size_t)i] + 2 * c);
      for (int i = 0; i < 4; i++) {  // rows i and i + 4
        b[2 * i] = __builtin_shufflevector(a[i], a[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
        b[2 * i + 1] = __builtin_shufflevector(a[i], a[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
      }
      for (int i = 0; i < 4; i++) {  // even halves of rows 0, 2, 4, 6 and 1, 3, 5, 7
        int upper = i & 1, pair = i >> 1;
        a[2 * i] = __builtin_shufflevector(b[2 * pair + upper], b[2 * pair + 4 + upper], 0, 8, 1, 9, 2, 10, 3, 11);
        a[2 * i + 1] =
            __builtin_shufflevector(b[2 * pair + upper], b[2 * pair + 4 + upper], 4, 12, 5, 13, 6, 14, 7, 15);
      }
      // a[2 * (2 * pair + upper) + k] holds columns 4 * upper + 2k, + 1 of rows pair, pair + 2, pair + 4, pair + 6.
      for (int upper = 0; upper < 2; upper++) {
        for (int k = 0; k < 2; k++) {
          eight even = a[2 * upper + k], odd = a[4 + 2 * upper + k];
          uint8_t *target = panel + 32 * (c + (size_t)(4 * upper + 2 * k)) + 2 * r;
          *(eight *)target = __builtin_shufflevector(even, odd, 0, 8, 1, 9, 2, 10, 3, 11);
          *(eight *)(target + 32) = __builtin_shufflevector(even, odd, 4, 12, 5, 13, 6, 14, 7, 15);
        }
      }
    }
  }
  for (; c < columns; c++)
    for (size_t r = 0; r < MATMUL_ROWS; r++) __builtin_memcpy(panel + 32 * c + 2 * r, rows[r] + 2 * c, 2);
}

enum { chunk = 256 };  // columns; a multiple of every block width

/// Decodes the source 256 columns at a time, then interleaves float32.
static void interleave_decoded(uint32_t format, size_t block_width, size_t block_bytes, const uint8_t *source,
                               size_t row_bytes, size_t rows, size_t columns, uint8_t *panel) {
  float values[MATMUL_ROWS][chunk];
  const uint8_t *pointers[MATMUL_ROWS];
  for (size_t r = 0; r < MATMUL_ROWS; r++) pointers[r] = (const uint8_t *)values[r];
  __builtin_memset(values, 0, sizeof values);
  for (size_t c = 0; c < columns; c += chunk) {
    size_t count = columns - c < chunk ? columns - c : chunk;
    for (size_t r = 0; r < rows; r++)
      block_decode(format, source + r * row_bytes + c / block_width * block_bytes, values[r], count);
    interleave_words(pointers, count, panel + 64 * c);
  }
}

/// Whole chunks of the rows, with zeros for the missing ones.
static void interleave_padded(size_t width, const uint8_t *source, size_t row_bytes, size_t rows, size_t columns,
                              uint8_t *panel) {
  static const uint8_t zeros[4 * chunk];
  for (size_t c = 0; c < columns; c += chunk) {
    size_t count = columns - c < chunk ? columns - c : chunk;
    const uint8_t *pointers[MATMUL_ROWS];
    for (size_t r = 0; r < MATMUL_ROWS; r++) pointers[r] = r < rows ? source + r * row_bytes + width * c : zeros;
    if (width == 4) interleave_words(pointers, count, panel + 64 * c);
    else interleave_halves(pointers, count, panel + 32 * c);
  }
}

/// Pairs of columns as words; an odd last column is paired with zeros.
static void interleave_pairs(const uint8_t *source, size_t row_bytes, size_t rows, size_t columns, uint8_t *panel) {
  interleave_padded(4, source, row_bytes, rows, columns / 2, panel);
  if (columns % 2 == 0) return;
  uint8_t *last = panel + 64 * (columns / 2);
  __builtin_memset(last, 0, 64);
  for (size_t r = 0; r < rows; r++) __builtin_memcpy(last + 4 * r, source + r * row_bytes + 2 * (columns - 1), 2);
}

size_t matmul_panel_bytes(uint32_t format, size_t columns) {
#define BYTES(name, id, codes, scales) \
  case id: return quantised_panel_bytes(codes, scales, columns);
  switch (format) {
  case BLOCK_F32: return 64 * columns;
  case BLOCK_F16: return 32 * columns;
  case BLOCK_BF16: return 64 * ((columns + 1) / 2);
  QUANTISED_FORMATS(BYTES)
  default: return 0;
  }
}

void matmul_pack_panel(uint32_t panel_format, uint32_t format, size_t block_width, size_t block_bytes,
                       const uint8_t *source, size_t row_bytes, size_t rows, size_t columns, uint8_t *panel) {
#define PACK(name, id, codes, scales) \
  case id: pack_##name(source, row_bytes, rows, columns, panel); return;
  if (panel_format != format) {
    interleave_decoded(format, block_width, block_bytes, source, row_bytes, rows, columns, panel);
    return;
  }
  switch (format) {
  case BLOCK_F32: interleave_padded(4, source, row_bytes, rows, columns, panel); return;
  case BLOCK_BF16: interleave_pairs(source, row_bytes, rows, columns, panel); return;
  case BLOCK_F16: interleave_padded(2, source, row_bytes, rows, columns, panel); return;
  QUANTISED_FORMATS(PACK)
  default: return;
  }
}
