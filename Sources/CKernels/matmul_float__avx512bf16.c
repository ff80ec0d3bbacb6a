// Products of bf16 activations with panels of bf16, with AVX-512 BF16: two columns a step, summed in float32.
#if defined(__x86_64__)
#include <immintrin.h>

#include "blocks.h"
#include "cpu.h"
#include "matmul.h"

#define NAME(type) dot_bf16_bf16_16x8__avx512bf16
#define TILE 8
#define PANELS 4
#define pairs(w, x, sum) add_pairs((__m512)(w), (x), (__m512)(sum))
#define halves(p, result)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16,avx2,fma,f16c"))), \
                             apply_to = function)

static inline __attribute__((always_inline)) __m512 add_pairs(__m512 w, float both, __m512 sum) {
  return _mm512_dpbf16_ps(sum, (__m512bh)w, (__m512bh)_mm512_set1_ps(both));
}

#include "matmul_float.h"

#pragma clang attribute pop

const matmul_kernel matmul_kernels__float_avx512bf16[1] = {
    {"dot_bf16_bf16_16x8__avx512bf16", BLOCK_BF16, MATMUL_BF16,
     CPU_AVX512F | CPU_AVX512BW | CPU_AVX512VL | CPU_AVX512BF16, TILE, NAME(pairs)},
};
#endif
