// Floating-point products with AVX2, FMA and F16C.
#if defined(__x86_64__)
#include <immintrin.h>

#include "blocks.h"
#include "cpu.h"
#include "matmul.h"

#define NAME(type) dot_##type##_f32_16x4__avx2
#define TITLE(type) "dot_" #type "_f32_16x4__avx2"
#define TILE 4
#define PANELS 4
#define fused(w, x, sum) __builtin_elementwise_fma((w), (x) - (lanes){0}, (sum))
#define halves(p, result) decode_halves(p, result)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)

static inline __attribute__((always_inline)) void decode_halves(const unsigned char *p, void *result) {
  _mm256_storeu_ps(result, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p)));
  _mm256_storeu_ps((float *)result + 8, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p + 1)));
}

#include "matmul_float.h"

#pragma clang attribute pop

FLOAT_KERNELS(avx2, (CPU_AVX2 | CPU_FMA | CPU_F16C))
#endif
