#pragma once

#include "attention.h"
#include "recurrence.h"
#include "rows.h"
#include "training.h"

// How sums of products of bytes are made.
#define VECTOR_INT8_MADD 0
#define VECTOR_INT8_VNNI 1
#define VECTOR_INT8_DOT 2

// Tables by instruction set.

extern const row_kernels row_kernels__baseline;
extern const attention_kernels attention_kernels__baseline;
extern const recurrence_kernels recurrence_kernels__baseline;
extern const training_kernels training_kernels__baseline;
extern const attention_kernels attention_kernels__dot;
#if defined(__x86_64__)
extern const row_kernels row_kernels__avx2, row_kernels__avx512;
extern const attention_kernels attention_kernels__avx2, attention_kernels__avx512;
extern const recurrence_kernels recurrence_kernels__avx2, recurrence_kernels__avx512;
extern const training_kernels training_kernels__avx2, training_kernels__avx512;
#endif
