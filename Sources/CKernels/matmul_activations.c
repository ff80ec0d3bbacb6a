#include "cpu.h"
#include "matmul.h"

#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

#define NAME(x) x
#include "matmul_activations.h"
#undef NAME

#if defined(__x86_64__)
matmul_quantiser matmul_quantiser__avx2(matmul_activation layout);
matmul_quantiser matmul_quantiser__avx512(matmul_activation layout);
#endif

matmul_quantiser matmul_quantiser_for(matmul_activation layout, uint32_t features) {
#if defined(__x86_64__)
  const uint32_t wide = CPU_AVX512F | CPU_AVX512BW | CPU_AVX512VL;
  if ((features & wide) == wide) return matmul_quantiser__avx512(layout);
  if (features & CPU_AVX2) return matmul_quantiser__avx2(layout);
#endif
  (void)features;
  return layouts[layout];
}
