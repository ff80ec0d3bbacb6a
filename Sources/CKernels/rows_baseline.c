#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rows_variants.h"

// Kernels for what every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
#define VECTOR_NAME(name) name##__baseline
#define VECTOR_LABEL "baseline"
#define VECTOR_INT8 VECTOR_INT8_MADD
#if defined(__aarch64__)
#define VECTOR_FMA 1
#define VECTOR_HALF 1
#define VECTOR_REGISTERS 8  // of sixteen lanes
#else
#define VECTOR_FMA 0
#define VECTOR_HALF 0
#define VECTOR_REGISTERS 4
#endif

#include "attention_table.h"
#include "recurrence_table.h"
#include "rows_table.h"
#include "training_rows.h"
