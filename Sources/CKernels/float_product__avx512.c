// Float32 products and attention of sequences with AVX-512: tiles of 12 rows and 32 columns.
#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cpu.h"
#include "float_products.h"
#include "sequence_attention.h"

#define VECTOR_NAME(name) name##__avx512
#define VECTOR_LABEL "float32 12x32, AVX-512"
#define VECTOR_FMA 1
#define VECTOR_HALF 1
#define PRODUCT_FEATURES (CPU_AVX512F | CPU_AVX512BW | CPU_AVX512VL)
#define PRODUCT_PAIRS 0
#define PRODUCT_MASKS 1
#define PRODUCT_ROWS 12
#define PRODUCT_TAIL 4
#define PRODUCT_VECTORS 2
#define PRODUCT_FOR_EACH_TAIL(DO, v) DO(4, v) DO(8, v) DO(12, v)

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx2,fma,f16c"))), apply_to = function)
#include "recurrence_backward.h"
#include "sequence_backward.h"
#pragma clang attribute pop
#endif
