// Floating-point products with AVX-512.
#if defined(__x86_64__)
#include <immintrin.h>

#include "blocks.h"
#include "cpu.h"
#include "matmul.h"

#define NAME(type) dot_##type##_f32_16x8__avx512
#define TITLE(type) "dot_" #type "_f32_16x8__avx512"
#define TILE 8
#define PANELS 4
#define fused(w, x, sum) __builtin_elementwise_fma((w), (x) - (lanes){0}, (sum))
#define halves(p, result) decode_halves(p, result)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx2,fma,f16c"))), apply_to = function)

static inline __attribute__((always_inline)) void decode_halves(const unsigned char *p, void *result) {
  _mm512_storeu_ps(result, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p)));
}

#include "matmul_float.h"

#pragma clang attribute pop

FLOAT_KERNELS(avx512, (CPU_AVX512F | CPU_AVX512BW | CPU_AVX512VL))
#endif
