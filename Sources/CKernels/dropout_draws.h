#pragma once

#include "dropout.h"
#include "rows_vector.h"

// Dropout's draws, sixteen at a time.

static const uint32_t DROPOUT_STEP = 0x9E3779B9;

/// A bijection of 32 bits in which every bit depends on every other (lowbias32, Wellons 2018).
VECTOR_INLINE u32x16 mixed_bits(u32x16 word) {
  word = (word ^ (word >> 16)) * 0x7FEB352Du;
  word = (word ^ (word >> 15)) * 0x846CA68Bu;
  return word ^ (word >> 16);
}

/// Where the draws of rows with these keys begin.
VECTOR_INLINE u32x16 first_draws(u32x16 keys, uint32_t salt) { return mixed_bits(keys ^ (salt * DROPOUT_STEP)); }

/// What numbers at these places are multiplied with.
VECTOR_INLINE f32x16 kept_shares(const dropout_mask *mask, u32x16 draws, u32x16 places) {
  const u32x16 draw = mixed_bits(draws + places * DROPOUT_STEP) >> 8;
  return choose(draw >= mask->threshold, fill(mask->scale), fill(0));
}
