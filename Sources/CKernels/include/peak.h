#pragma once

#include <stddef.h>
#include <stdint.h>

/// The arithmetic that a peak kernel keeps busy.
typedef enum {
  PEAK_INT8 = 0,      // products of bytes, summed as int32
  PEAK_FLOAT32 = 1,   // fused multiply-add
  PEAK_BFLOAT16 = 2,  // products of pairs, summed as float32
} peak_kind;

/// A loop of independent sums in registers: as many operations a second as a core can do.
typedef struct {
  const char *name;
  peak_kind kind;
  /// Processor features that it needs.
  uint32_t features;
  /// Multiplications and additions of one round.
  uint32_t operations;
  /// Runs some rounds; the result depends on all of them.
  uint32_t (*run)(size_t rounds);
} peak_kernel;

/// Kernel number `index` of this build, faster ones of a kind later; NULL past the last.
const peak_kernel *peak_kernel_at(size_t index);

/// Reads `bytes`, a multiple of 256 from a 64-byte boundary, and returns a sum of them.
uint64_t peak_read(const void *source, size_t bytes);
