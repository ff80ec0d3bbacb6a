#pragma once

#include <stdint.h>

/// Which numbers dropout keeps: a hash of a row's key, a salt and a place gives 24 bits; below the threshold a number becomes 0.
typedef struct {
  uint32_t salt;
  uint32_t threshold;
  float scale;  // of numbers that are kept
} dropout_mask;
