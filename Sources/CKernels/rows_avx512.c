#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rows_variants.h"

#define VECTOR_NAME(name) name##__avx512
#define VECTOR_LABEL "avx512"
#define VECTOR_FMA 1
#define VECTOR_HALF 1
#define VECTOR_INT8 VECTOR_INT8_MADD
#define VECTOR_REGISTERS 32  // of sixteen lanes

// Every function below may use these instructions; vector_isa_available says where they exist.
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c"))), apply_to = function)
#include "attention_table.h"
#include "recurrence_table.h"
#include "rows_table.h"
#include "training_rows.h"
#pragma clang attribute pop
#endif
