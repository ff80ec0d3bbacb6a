#if defined(__x86_64__)
#include "matmul.h"

#pragma clang diagnostic ignored "-Wpsabi"
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

#define INLINE static inline __attribute__((always_inline))
#define NAME(x) x##__avx2
#include "matmul_activations.h"

#pragma clang attribute pop

matmul_quantiser matmul_quantiser__avx2(matmul_activation layout) { return layouts__avx2[layout]; }
#endif
