// Prints, for every block format, a hash of its encoding of fixed values and of what that and random bytes decode to.
// On arm64 without a C library, so that it runs under an emulator.
#include "blocks.h"
#include "freestanding.h"

#pragma STDC FP_CONTRACT OFF

enum { count = 4096 };
static const uint32_t formats[][3] = {
    {BLOCK_F32, 1, 4},      {BLOCK_F16, 1, 2},      {BLOCK_BF16, 1, 2},     {BLOCK_Q4_0, 32, 18},
    {BLOCK_Q4_1, 32, 20},   {BLOCK_Q5_0, 32, 22},   {BLOCK_Q5_1, 32, 24},   {BLOCK_Q8_0, 32, 34},
    {BLOCK_Q2_K, 256, 84},  {BLOCK_Q3_K, 256, 110}, {BLOCK_Q4_K, 256, 144}, {BLOCK_Q5_K, 256, 176},
    {BLOCK_Q6_K, 256, 210}, {BLOCK_IQ4_NL, 32, 18}, {BLOCK_IQ4_XS, 256, 136}, {BLOCK_MXFP4, 32, 17},
};

static float values[count], decoded[count];
static uint8_t stored[count * 4];

/// Every NaN counts as one pattern: processors differ in the sign of the one they make.
static uint64_t hash_decoded(uint64_t hash) {
  for (size_t i = 0; i < count; i++) {
    const float v = decoded[i] == decoded[i] ? decoded[i] : 7.0f;
    hash = hash_bytes(hash, &v, 4);
  }
  return hash;
}

void start(void) {
  for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
    const uint32_t format = formats[f][0];
    const size_t size = count / formats[f][1] * formats[f][2];
    random_state = format + 1;
    for (int i = 0; i < count; i++) {
      const float u = (float)(int32_t)random_word() * 0x1p-31f;
      values[i] = u * u * u + ((i >> 8) % 3 == 2 ? 0.5f : 0.0f);
    }
    block_encode(format, values, stored, count, 0);
    uint64_t hash = hash_bytes(hash_start, stored, size);
    block_decode(format, stored, decoded, count);
    hash = hash_decoded(hash);
    for (size_t i = 0; i < size; i++) stored[i] = (uint8_t)random_word();
    block_decode(format, stored, decoded, count);
    hash = hash_decoded(hash);
    const char text[2] = {(char)('0' + format / 10), (char)('0' + format % 10)};
    print_hash(text, sizeof text, hash);
  }
  finish();
}
