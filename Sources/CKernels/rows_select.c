#include "rows.h"

#include <string.h>

size_t cache_row_bytes(uint32_t format, size_t n) {
  switch (format) {
    case 0: return n * 4;
    case 1: return n * 2;
    case 2: return (n + 31) / 32 * 18;
    case 8: return (n + 31) / 32 * 34;
    default: return 0;
  }
}

/// Strictly before in descending order; a NaN comes after every number.
static int precedes(float a, float b) { return a > b || (b != b && a == a); }

size_t row_top_k(const float *x, size_t n, size_t k, int32_t *indices) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (kept == k && (k == 0 || !precedes(x[i], x[indices[k - 1]]))) continue;
    size_t slot = kept < k ? kept++ : k - 1;
    for (; slot > 0 && precedes(x[i], x[indices[slot - 1]]); slot--) indices[slot] = indices[slot - 1];
    indices[slot] = (int32_t)i;
  }
  return kept;
}

/// Copies `count` units of `bytes`, 16 units apart, from `lane` on.
static void copy_lane(const uint8_t *from, uint8_t *to, size_t bytes, size_t count, size_t lane) {
  for (size_t i = 0; i < count; i++) memcpy(to + (i * 16 + lane) * bytes, from + (i * 16 + lane) * bytes, bytes);
}

void cache_copy_row(uint32_t format, int isKeys, size_t n, const void *source, void *target, size_t lane) {
  const uint8_t *from = source;
  uint8_t *to = target;
  const size_t bytes = cache_row_bytes(format, n);
  if (format == 2 || format == 8) {
    const size_t blocks = (n + 31) / 32, integers = bytes / blocks - 2, scales = blocks * 32;
    copy_lane(from, to, 2, blocks, lane);
    if (isKeys) {
      copy_lane(from + scales, to + scales, 4, blocks * integers / 4, lane);
    } else {
      const size_t first = scales + lane / 4 * blocks * integers * 4 + lane % 4;
      for (size_t i = 0; i < blocks * integers; i++) to[first + 4 * i] = from[first + 4 * i];
    }
  } else if (isKeys) {
    copy_lane(from, to, bytes / n, n, lane);
  } else {
    memcpy(to + lane * bytes, from + lane * bytes, bytes);
  }
}
