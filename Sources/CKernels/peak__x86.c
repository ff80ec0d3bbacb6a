// What AVX2 and AVX-512 can do.
#if defined(__x86_64__)
#include <immintrin.h>

#include "cpu.h"
#include "peak.h"

/// Independent sums: more than an instruction's latency times its rate.
enum { sums = 12 };
#define OPAQUE(x) __asm__ volatile("" : "+v"(x))

/// A loop over `STEP`, which gives the next value of the sum `a` from the factors `x` and `y`.
#define LOOP(vector, ints, STEP)                          \
  vector a[sums];                                         \
  for (int i = 0; i < sums; i++) a[i] = start;            \
  OPAQUE(x);                                              \
  OPAQUE(y);                                              \
  for (size_t round = 0; round < rounds; round++) {       \
    for (int i = 0; i < sums; i++) {                      \
      a[i] = STEP;                                        \
      OPAQUE(a[i]);                                       \
    }                                                     \
  }                                                       \
  uint32_t total = 0;                                     \
  for (int i = 0; i < sums; i++) total += (uint32_t)((ints)a[i])[0]; \
  return total;

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
static uint32_t int8__avx2(size_t rounds) {
  __m256i x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(-2), start = _mm256_setzero_si256();
  const __m256i ones = _mm256_set1_epi16(1);
  LOOP(__m256i, __v8si, _mm256_add_epi32(a[i], _mm256_madd_epi16(_mm256_maddubs_epi16(x, y), ones)); OPAQUE(x))
}

static uint32_t float32__avx2(size_t rounds) {
  __m256 x = _mm256_set1_ps(0.5f), y = x, start = x;
  LOOP(__m256, __v8si, _mm256_fmadd_ps(a[i], x, y))
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx2,avxvnni"))), apply_to = function)
static uint32_t int8__avxvnni(size_t rounds) {
  __m256i x = _mm256_set1_epi8(3), y = _mm256_set1_epi8(-2), start = _mm256_setzero_si256();
  LOOP(__m256i, __v8si, _mm256_dpbusd_avx_epi32(a[i], x, y))
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))), apply_to = function)
static uint32_t int8__avx512vnni(size_t rounds) {
  __m512i x = _mm512_set1_epi8(3), y = _mm512_set1_epi8(-2), start = _mm512_setzero_si512();
  LOOP(__m512i, __v16si, _mm512_dpbusd_epi32(a[i], x, y))
}

static uint32_t float32__avx512(size_t rounds) {
  __m512 x = _mm512_set1_ps(0.5f), y = x, start = x;
  LOOP(__m512, __v16si, _mm512_fmadd_ps(a[i], x, y))
}
#pragma clang attribute pop

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16"))), apply_to = function)
static uint32_t bfloat16__avx512bf16(size_t rounds) {
  __m512i x = _mm512_set1_epi16(0x3E00), y = x;
  __m512 start = _mm512_setzero_ps();
  LOOP(__m512, __v16si, _mm512_dpbf16_ps(a[i], (__m512bh)x, (__m512bh)y))
}
#pragma clang attribute pop

enum {
  avx2 = CPU_AVX2 | CPU_FMA,
  avx512 = CPU_AVX512F | CPU_AVX512BW | CPU_AVX512VL,
};
const peak_kernel peak_kernels__x86[6] = {
    {"int8 by vpmaddubsw", PEAK_INT8, avx2, sums * 64, int8__avx2},
    {"float32 by AVX2", PEAK_FLOAT32, avx2, sums * 16, float32__avx2},
    {"int8 by vpdpbusd of 32 bytes", PEAK_INT8, avx2 | CPU_AVXVNNI, sums * 64, int8__avxvnni},
    {"int8 by vpdpbusd", PEAK_INT8, avx512 | CPU_AVX512VNNI, sums * 128, int8__avx512vnni},
    {"float32 by AVX-512", PEAK_FLOAT32, avx512, sums * 32, float32__avx512},
    {"bfloat16 by vdpbf16ps", PEAK_BFLOAT16, avx512 | CPU_AVX512BF16, sums * 64, bfloat16__avx512bf16},
};
#endif
