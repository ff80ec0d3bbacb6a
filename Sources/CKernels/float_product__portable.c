// Float32 products and attention of sequences for what every processor of the architecture has: NEON on arm64, SSE2 on x86-64.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "float_products.h"
#include "sequence_attention.h"

#define VECTOR_NAME(name) name##__portable
#define VECTOR_HALF 0
#define PRODUCT_FEATURES 0
#define PRODUCT_PAIRS 0
#define PRODUCT_MASKS 0
#define PRODUCT_TAIL 2
#define PRODUCT_VECTORS 1
#if defined(__aarch64__)
#define VECTOR_LABEL "float32 6x16, NEON"
#define VECTOR_FMA 1
#define PRODUCT_ROWS 6
#define PRODUCT_FOR_EACH_TAIL(DO, v) DO(2, v) DO(4, v) DO(6, v)
#else
#define VECTOR_LABEL "float32 2x16"
#define VECTOR_FMA 0
#define PRODUCT_ROWS 2
#define PRODUCT_FOR_EACH_TAIL(DO, v) DO(2, v)
#endif

#include "recurrence_backward.h"
#include "sequence_backward.h"
