// Rows of activations in the layouts that products read, for one instruction set; the including file defines NAME(x).
// Every instruction set gives the same bytes.

#pragma STDC FP_CONTRACT OFF

typedef float floats __attribute__((vector_size(64), aligned(4)));
typedef uint32_t words __attribute__((vector_size(64), aligned(4)));
typedef int32_t ints __attribute__((vector_size(64), aligned(4)));
typedef uint16_t halves __attribute__((vector_size(32), aligned(2)));
typedef int8_t bytes __attribute__((vector_size(16), aligned(1)));

/// Adding this to |x| < 2^22 leaves x rounded to even in the low bits.
static const float rounding = 0x1.8p23f;

/// The bits of 2^-110; the inverse of something smaller could overflow, so that such a block is zero.
enum { smallest_largest = 0x08800000 };

/// Writes `count` values as bytes, the sum of each sixteen to `sums`, and returns the scale.
INLINE float write_bytes(const float *source, const int count, int8_t *values, int32_t *sums) {
  // As integers, magnitudes order like floats, infinity above all numbers and NaN above infinity.
  words largest = {0};
  for (int i = 0; i < count; i += 16)
    largest = __builtin_elementwise_max(largest, *(const words *)(source + i) & 0x7fffffff);
  const uint32_t bits = __builtin_reduce_max(largest);
  float magnitude;
  __builtin_memcpy(&magnitude, &bits, 4);
  const float inverse = bits < smallest_largest ? 0 : 127 / magnitude;
  for (int i = 0; i < count; i += 16) {
    const floats scaled = *(const floats *)(source + i) * inverse + rounding;
    const bytes rounded = __builtin_convertvector((words)scaled, bytes);
    *(bytes *)(values + i) = rounded;
    sums[i / 16] = __builtin_reduce_add(__builtin_convertvector(rounded, ints));
  }
  return bits < smallest_largest ? 0 : magnitude / 127;
}

static void NAME(q8)(const float *source, size_t columns, void *destination) {
  matmul_q8_block *block = destination;
  for (size_t start = 0; start < columns; start += MATMUL_WIDTH, block++) {
    int32_t sums[2];
    const float scale = write_bytes(source + start, MATMUL_WIDTH, block->values, sums);
    const int32_t sum = sums[0] + sums[1];
    block->scale = scale;
    block->scaled_sum = scale * (float)sum;
    block->negative8_sum = -8 * sum;
    block->negative16_sum = -16 * sum;
    block->negative128_sum = -128 * sum;
  }
}

static void NAME(q8_wide)(const float *source, size_t columns, void *destination) {
  matmul_q8_wide *block = destination;
  for (size_t start = 0; start < columns; start += MATMUL_WIDE, block++) {
    int32_t sums[8];
    block->scale = write_bytes(source + start, MATMUL_WIDE, block->values, sums);
    for (int i = 0; i < 8; i++) {
      block->negative32_sums[i] = -32 * sums[i];
      block->sums_16[i] = (int16_t)sums[i];
    }
    for (int i = 0; i < 4; i++) block->sums_32[i] = (int16_t)(sums[2 * i] + sums[2 * i + 1]);
  }
}

/// To nearest, ties to even; NaN stays one.
INLINE words bfloat_bits(words bits) {
  const words is_nan = (words)((bits & 0x7fffffff) > 0x7f800000);
  return ((bits + 0x7fff + (bits >> 16 & 1)) & ~is_nan) >> 16 | ((bits >> 16 | 0x40) & is_nan);
}

static void NAME(bf16)(const float *source, size_t columns, void *destination) {
  uint16_t *target = destination;
  size_t c = 0;
  for (; c + 16 <= columns; c += 16)
    *(halves *)(target + c) = __builtin_convertvector(bfloat_bits(*(const words *)(source + c)), halves);
  words rest = {0};
  __builtin_memcpy(&rest, source + c, 4 * (columns - c));
  const halves rounded = __builtin_convertvector(bfloat_bits(rest), halves);
  __builtin_memcpy(target + c, &rounded, 2 * ((columns - c + 1) & ~(size_t)1));
}

static const matmul_quantiser NAME(layouts)[MATMUL_LAYOUTS] = {
    [MATMUL_BF16] = NAME(bf16), [MATMUL_Q8] = NAME(q8), [MATMUL_Q8_WIDE] = NAME(q8_wide)};
