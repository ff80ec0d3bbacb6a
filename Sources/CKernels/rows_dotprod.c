#if defined(__aarch64__)
#include <arm_neon.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "rows_variants.h"

#define VECTOR_NAME(name) name##__dot
#define VECTOR_LABEL "dotprod"
#define VECTOR_FMA 1
#define VECTOR_HALF 1
#define VECTOR_INT8 VECTOR_INT8_DOT
#define VECTOR_REGISTERS 8  // of sixteen lanes

// Every function below may use these instructions; vector_isa_available says where they exist.
#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)
#include "attention_table.h"
#pragma clang attribute pop
#endif
