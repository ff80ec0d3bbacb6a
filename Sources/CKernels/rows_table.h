#pragma once

#include "cache_tiles.h"
#include "rows_cache.h"
#include "rows_elements.h"

// The table of one instruction set's row kernels.

const row_kernels VECTOR_NAME(row_kernels) = {
    .name = VECTOR_LABEL,
    .rms_norm = VECTOR_NAME(row_rms_norm),
    .layer_norm = VECTOR_NAME(row_layer_norm),
    .softmax = VECTOR_NAME(row_softmax),
    .softmax_sink = VECTOR_NAME(row_softmax_sink),
    .log_sum_exp = VECTOR_NAME(row_log_sum_exp),
    .normalize_sum = VECTOR_NAME(row_normalize_sum),
    .sum = VECTOR_NAME(row_sum),
    .dot = VECTOR_NAME(row_dot),
    .unary = VECTOR_NAME(row_unary),
    .gated = VECTOR_NAME(row_gated),
    .binary = VECTOR_NAME(row_binary),
    .binary_scalar = VECTOR_NAME(row_binary_scalar),
    .affine = VECTOR_NAME(row_affine),
    .clamp = VECTOR_NAME(row_clamp),
    .accumulate = VECTOR_NAME(row_accumulate),
    .rope = VECTOR_NAME(row_rope),
    .cache_store = VECTOR_NAME(row_cache_store),
    .cache_append = VECTOR_NAME(row_cache_append),
    .cache_place = VECTOR_NAME(row_cache_place),
    .cache_load = VECTOR_NAME(row_cache_load),
};
