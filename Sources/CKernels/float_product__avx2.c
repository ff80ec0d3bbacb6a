// Float32 products and attention of sequences with AVX2 and FMA: tiles of 6 rows and 16 columns.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"
#include "float_products.h"
#include "sequence_attention.h"

#define VECTOR_NAME(name) name##__avx2
#define VECTOR_LABEL "float32 6x16, AVX2"
#define VECTOR_FMA 1
#define VECTOR_HALF 1
#define PRODUCT_FEATURES (CPU_AVX2 | CPU_FMA | CPU_F16C)
#define PRODUCT_PAIRS 0
#define PRODUCT_MASKS 0
#define PRODUCT_ROWS 6
#define PRODUCT_TAIL 2
#define PRODUCT_VECTORS 1
#define PRODUCT_FOR_EACH_TAIL(DO, v) DO(2, v) DO(4, v) DO(6, v)

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#include "recurrence_backward.h"
#include "sequence_backward.h"
#pragma clang attribute pop
#endif
