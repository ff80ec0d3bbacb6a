// Floating-point products on any processor with clang's vector types: a multiplication and an addition a step, or the fused
// operation of arm64's baseline.

#include "matmul_portable.h"

#define PANELS 2
#if defined(__aarch64__)
#define NAME(type) dot_##type##_f32_16x4__portable
#define TITLE(type) "dot_" #type "_f32_16x4__portable"
#define TILE 4
#define fused(w, x, sum) __builtin_elementwise_fma((w), (x) - (lanes){0}, (sum))
typedef __fp16 half_lanes __attribute__((vector_size(32), aligned(2)));
#define halves(p, result) (*(result) = __builtin_convertvector(*(const half_lanes *)(p), lanes))
#else
#define NAME(type) dot_##type##_f32_16x2__portable
#define TITLE(type) "dot_" #type "_f32_16x2__portable"
#define TILE 2
#define fused(w, x, sum) ((sum) + (w) * (x))
#define halves(p, result) decode_halves((p), (result))
#endif

#include "matmul_float.h"

FLOAT_KERNELS(portable, 0)
